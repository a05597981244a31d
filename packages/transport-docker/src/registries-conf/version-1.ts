import type { ConfTable } from "./conf-table.ts";
import { withoutEndingSlashes } from "./ending-slashes.ts";
import { readHosts } from "./hosts.ts";
import { readLocation } from "./location.ts";
import type { RegistryEntry } from "./registry-entry.ts";

/** All that such a file can say. */
export interface Version1 {
  readonly registries: readonly RegistryEntry[];
  readonly unqualifiedSearchRegistries: readonly string[] | undefined;
}

/**
 * What a file of the first version says, in terms of the second: `[registries.search]`, `[registries.insecure]` and
 * `[registries.block]`, a list `registries` in each. undefined for a file that has none of them.
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
  const names = registries.table(key)?.texts("registries") ?? [];
  return names.map(withoutEndingSlashes);
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
