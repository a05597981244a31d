import type { ConfTable } from "./conf-table.ts";
import { readLocation } from "./location.ts";

/** Reads a list of registries without paths. */
export function readHosts(table: ConfTable, key: string): readonly string[] | undefined {
  return table.strings(key)?.map((text) => {
    const location = readLocation(text);
    if (typeof location === "string")
      throw table.problem(key, `${JSON.stringify(text)} ${location}`);
    if (location.path === "") return location.domain;
    throw table.problem(key, `names ${JSON.stringify(text)}; write a host with an optional port`);
  });
}
