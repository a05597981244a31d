import type { ConfTable } from "./conf-table.ts";
import { isWildcard, readLocation, readPrefix } from "./location.ts";
import type { Location } from "./location.ts";
import { withoutTrailingSlashes } from "./trailing-slashes.ts";

/** A mirror of a registry, which is read first. */
export interface Mirror {
  readonly location: Location;
  readonly insecure: boolean;
  readonly requiresTLS?: true | undefined;
  readonly pulls: "all" | "digest-only" | "tag-only";
}

/** The settings of images with a prefix (containers-registries.conf(5), "[[registry]]"). */
export interface RegistryEntry {
  /** The name as written, without trailing slashes; it identifies the entry. */
  readonly name: string;
  readonly prefix: Location;
  /** The location of the images; undefined if it equals their name. */
  readonly location: Location | undefined;
  readonly insecure: boolean;
  /** Set for an explicit `insecure = false`, which also applies to a registry on localhost. */
  readonly requiresTLS?: true | undefined;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
  /** The file of the entry. */
  readonly file: string;
}

/** Reads all entries of a file; the first entry of a prefix counts. @throws ImageError `unsupported` */
export function readRegistryEntries(root: ConfTable): readonly RegistryEntry[] {
  const byLocation = new Map<string, RegistryEntry>();
  const byName = new Map<string, RegistryEntry>();
  for (const table of root.tables("registry")) {
    const entry = readEntry(table);
    const location = locationOf(entry);
    const first = byLocation.get(location) ?? entry;
    byLocation.set(location, first);
    for (const key of ["insecure", "blocked"] as const) {
      if (first[key] === entry[key]) continue;
      throw table.problem(key, `contradicts another entry for the same location, ${location}`);
    }
    if (!byName.has(entry.name)) byName.set(entry.name, entry);
  }
  return [...byName.values()];
}

/** The location of an entry, also for messages. */
function locationOf({ location, name }: RegistryEntry): string {
  if (location === undefined) return name;
  return location.path === "" ? location.domain : `${location.domain}/${location.path}`;
}

function readEntry(table: ConfTable): RegistryEntry {
  const location = locationIn(table);
  const prefix = withoutTrailingSlashes(table.text("prefix") ?? "");
  const name = prefix === "" ? withoutTrailingSlashes(table.text("location") ?? "") : prefix;
  if (name === "") throw table.problem("location", "is missing; set location or prefix");
  const parsed = readPrefix(name);
  if (typeof parsed === "string") throw table.problem("prefix", parsed);
  if (location === undefined && !isWildcard(parsed.domain)) {
    throw table.problem(
      "location",
      "is missing; only an entry whose prefix starts with *. can omit it",
    );
  }
  if (table.has("pull-from-mirror")) {
    throw table.problem("pull-from-mirror", "must be in a [[registry.mirror]]");
  }
  return {
    name,
    prefix: parsed,
    location,
    ...insecureIn(table),
    blocked: table.boolean("blocked"),
    mirrors: readMirrors(table),
    file: table.file,
  };
}

function insecureIn(table: ConfTable): Pick<RegistryEntry, "insecure" | "requiresTLS"> {
  const insecure = table.boolean("insecure");
  return { insecure, ...(!insecure && table.has("insecure") && { requiresTLS: true }) };
}

function readMirrors(table: ConfTable): readonly Mirror[] {
  const byDigestOnly = table.boolean("mirror-by-digest-only");
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
