import type { ConfTable } from "./conf-table.ts";
import { readHosts } from "./hosts.ts";
import { readLocation } from "./location.ts";
import type { RegistryEntry } from "./registry-entry.ts";
import { withoutTrailingSlashes } from "./trailing-slashes.ts";

/** The content of a file in version 1 of the format. */
export interface Version1 {
  readonly registries: readonly RegistryEntry[];
  readonly unqualifiedSearchRegistries: readonly string[] | undefined;
}

/**
 * Converts a file in version 1 of the format: `[registries.search]`, `[registries.insecure]` and `[registries.block]`,
 * each with a list `registries`. Returns undefined for a file without these tables.
 */
export function readVersion1(root: ConfTable): Version1 | undefined {
  const registries = root.table("registries");
  if (!registries?.has("search", "insecure", "block")) return undefined;
  const blocked = readNames(registries, "block");
  const insecure = readNames(registries, "insecure");
  const search = registries.table("search");
  return {
    registries: [...new Set([...blocked, ...insecure])].map((name) =>
      entryOf(registries, name, {
        blocked: blocked.includes(name),
        insecure: insecure.includes(name),
      }),
    ),
    unqualifiedSearchRegistries: search && readHosts(search, "registries"),
  };
}

function readNames(registries: ConfTable, key: "insecure" | "block"): readonly string[] {
  const names = registries.table(key)?.strings("registries") ?? [];
  return names.map(withoutTrailingSlashes);
}

function entryOf(
  registries: ConfTable,
  name: string,
  is: Pick<RegistryEntry, "blocked" | "insecure">,
): RegistryEntry {
  const location = readLocation(name);
  if (typeof location !== "string") {
    return { name, prefix: location, location, ...is, mirrors: [], file: registries.file };
  }
  const key = is.blocked ? "block" : "insecure";
  throw registries.problem(key, `names ${JSON.stringify(name)}, which ${location}`);
}
