import type { ConfTable } from "./conf-table.ts";
import { withoutEndingSlashes } from "./ending-slashes.ts";
import { isWildcard, readLocation, readPrefix } from "./location.ts";
import type { Location } from "./location.ts";

/** A copy of a registry that is asked first. */
export interface Mirror {
  readonly location: Location;
  readonly insecure: boolean;
  readonly requiresTLS?: true | undefined;
  readonly pulls: "all" | "digest-only" | "tag-only";
}

/** What is known of the images below a prefix (containers-registries.conf(5), "[[registry]]"). */
export interface RegistryEntry {
  /** As it was written, without slashes at its end: what tells entries apart. */
  readonly name: string;
  readonly prefix: Location;
  /** Where they really are; undefined where they say. */
  readonly location: Location | undefined;
  readonly insecure: boolean;
  /** Set where the file says `insecure = false`, which also a registry on this machine has to keep to. */
  readonly requiresTLS?: true | undefined;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
  /** Which says so. */
  readonly file: string;
}

/** All entries of a file; of several for one prefix the first counts. @throws ImageError `unsupported` */
export function readRegistryEntries(root: ConfTable): readonly RegistryEntry[] {
  const byPlace = new Map<string, RegistryEntry>();
  const byName = new Map<string, RegistryEntry>();
  for (const table of root.tables("registry")) {
    const entry = readEntry(table);
    const place = placeOf(entry);
    const first = byPlace.get(place) ?? entry;
    byPlace.set(place, first);
    for (const key of ["insecure", "blocked"] as const) {
      if (first[key] === entry[key]) continue;
      throw table.problem(key, `contradicts another entry for the same location, ${place}`);
    }
    if (!byName.has(entry.name)) byName.set(entry.name, entry);
  }
  return [...byName.values()];
}

/** For people, too. */
function placeOf({ location, name }: RegistryEntry): string {
  if (location === undefined) return name;
  return location.path === "" ? location.domain : `${location.domain}/${location.path}`;
}

function readEntry(table: ConfTable): RegistryEntry {
  const location = locationIn(table);
  const prefix = withoutEndingSlashes(table.text("prefix") ?? "");
  const name = prefix === "" ? withoutEndingSlashes(table.text("location") ?? "") : prefix;
  if (name === "") throw table.problem("location", "is missing, and the prefix too");
  const parsed = readPrefix(name);
  if (typeof parsed === "string") throw table.problem("prefix", parsed);
  if (location === undefined && !isWildcard(parsed.domain)) {
    throw table.problem("location", "may be left out where the prefix starts with *. only");
  }
  if (table.has("pull-from-mirror")) {
    throw table.problem("pull-from-mirror", "belongs into a [[registry.mirror]]");
  }
  return {
    name,
    prefix: parsed,
    location,
    ...insecureIn(table),
    blocked: table.truth("blocked"),
    mirrors: readMirrors(table),
    file: table.file,
  };
}

function insecureIn(table: ConfTable): Pick<RegistryEntry, "insecure" | "requiresTLS"> {
  const insecure = table.truth("insecure");
  return { insecure, ...(!insecure && table.has("insecure") && { requiresTLS: true }) };
}

function readMirrors(table: ConfTable): readonly Mirror[] {
  const byDigestOnly = table.truth("mirror-by-digest-only");
  return table.tables("mirror").map((mirror) => {
    const location = locationIn(mirror);
    if (location === undefined) throw mirror.problem("location", "is missing");
    const pulls = mirror.text("pull-from-mirror") ?? "";
    if (byDigestOnly && pulls !== "") {
      throw mirror.problem("pull-from-mirror", "contradicts mirror-by-digest-only of its registry");
    }
    return {
      location,
      ...insecureIn(mirror),
      pulls: byDigestOnly ? "digest-only" : pullsOf(mirror, pulls),
    };
  });
}

function pullsOf(mirror: ConfTable, pulls: string): Mirror["pulls"] {
  if (pulls === "") return "all";
  if (pulls === "all" || pulls === "digest-only" || pulls === "tag-only") return pulls;
  throw mirror.problem("pull-from-mirror", "must be all, digest-only or tag-only");
}

function locationIn(table: ConfTable): Location | undefined {
  const text = table.text("location") ?? "";
  if (text === "") return undefined;
  const location = readLocation(text);
  if (typeof location === "string") throw table.problem("location", location);
  return location;
}
