import { isImageError, parseNamedReference } from "@drayage/core";
import type { NamedReference } from "@drayage/core";

import type { ConfTable } from "./conf-table.ts";

/** By short name; undefined takes back what a file before it said. */
export type Aliases = ReadonlyMap<string, NamedReference | undefined>;

/** The table `[aliases]` of a file (containers-registries.conf(5), "SHORT-NAME RESOLUTION"). */
export function readAliases(root: ConfTable): Aliases {
  const table = root.table("aliases");
  return new Map(table?.keys.map((name) => [name, readAlias(table, name)]));
}

/** Whether a name says in which registry it is. */
export function hasRegistry(name: string): boolean {
  return /^(?:localhost|[^/.:]*[.:][^/]*)\//.test(name);
}

function readAlias(table: ConfTable, name: string): NamedReference | undefined {
  if (hasRegistry(name) || findBareName(name) === undefined) {
    throw table.problem(name, "is not a short name: one without registry, tag and digest");
  }
  const text = table.text(name) ?? "";
  if (text === "") return undefined;
  const named = hasRegistry(text) ? findBareName(text) : undefined;
  if (named !== undefined) return named;
  throw table.problem(name, "must be a name with its registry, and without tag and digest");
}

function findBareName(text: string): NamedReference | undefined {
  try {
    const named = parseNamedReference(text);
    return named.tag === undefined && named.digest === undefined ? named : undefined;
  } catch (error) {
    if (isImageError(error)) return undefined;
    throw error;
  }
}
