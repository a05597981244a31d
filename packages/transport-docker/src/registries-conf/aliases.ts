import { isImageError } from "@drayage/core";
import type { NamedReference } from "@drayage/core";
import { parseNamedReference } from "@drayage/core/reference";

import type { ConfTable } from "./conf-table.ts";

/** Aliases by short name; undefined removes the alias of an earlier file. */
export type Aliases = ReadonlyMap<string, NamedReference | undefined>;

/** The table `[aliases]` of a file (containers-registries.conf(5), "SHORT-NAME RESOLUTION"). */
export function readAliases(root: ConfTable): Aliases {
  const table = root.table("aliases");
  return new Map(table?.keys.map((name) => [name, readAlias(table, name)]));
}

/** Whether a name includes a registry. */
export function hasRegistry(name: string): boolean {
  return /^(?:localhost|[^/.:]*[.:][^/]*)\//.test(name);
}

function readAlias(table: ConfTable, name: string): NamedReference | undefined {
  if (hasRegistry(name) || findBareName(name) === undefined) {
    throw table.problem(name, "is not a short name; remove the registry, tag and digest");
  }
  const text = table.text(name) ?? "";
  if (text === "") return undefined;
  const named = hasRegistry(text) ? findBareName(text) : undefined;
  if (named !== undefined) return named;
  throw table.problem(name, "must be a name with a registry and without a tag or digest");
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
