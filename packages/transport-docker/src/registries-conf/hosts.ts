import type { ConfTable } from "./conf-table.ts";
import { readLocation } from "./location.ts";

/** A list of registries, none of them with a path. */
export function readHosts(table: ConfTable, key: string): readonly string[] | undefined {
  return table.texts(key)?.map((text) => {
    const location = readLocation(text);
    if (typeof location === "string")
      throw table.problem(key, `${JSON.stringify(text)} ${location}`);
    if (location.path === "") return location.domain;
    throw table.problem(
      key,
      `names ${JSON.stringify(text)}; only a host, perhaps with a port, is allowed`,
    );
  });
}
