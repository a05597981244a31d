import type { NamedReference } from "@drayage/core";

import { isWildcard, isWithin, relocated } from "./location.ts";
import type { RegistriesConf } from "./registries-conf.ts";
import type { Mirror, RegistryEntry } from "./registry-entry.ts";

/** A location from which an image is read. */
export interface PhysicalLocation {
  readonly named: NamedReference;
  readonly isMirror: boolean;
  /** Whether plain HTTP and untrusted certificates are allowed. */
  readonly insecure: boolean;
  /** Whether TLS is required, even for a registry on localhost. */
  readonly requiresTLS?: true | undefined;
  /** The file that blocks this location. */
  readonly blockedIn: string | undefined;
}

/** The locations of an image. */
export interface PhysicalLocations {
  /** The mirrors, in lookup order, read before the registry. */
  readonly mirrors: readonly PhysicalLocation[];
  /** The location of the image in its registry, and the only one to write to. */
  readonly itself: PhysicalLocation;
}

/**
 * Maps a reference to its locations. A mirror may serve only digests, because its tags may be outdated, or only tags.
 * A blocked registry may have mirrors that are not blocked.
 * @throws ImageError `invalid-reference` if the configuration maps to an invalid name
 */
export function locationsOf(conf: RegistriesConf, named: NamedReference): PhysicalLocations {
  const entry = findEntry(conf, named);
  if (entry === undefined) {
    const itself = { named, isMirror: false, insecure: false, blockedIn: undefined };
    return { mirrors: [], itself };
  }
  const { prefix, location, insecure, requiresTLS, blocked, file } = entry;
  const there = location === undefined ? named : relocated(named, prefix, location);
  const blockedIn = blocked ? file : blockOf(conf, there);
  const others = named.digest === undefined ? "digest-only" : "tag-only";
  const mirrors = entry.mirrors.filter(({ pulls }) => pulls !== others);
  return {
    mirrors: mirrors.map((mirror) =>
      mirrorAt(conf, relocated(named, prefix, mirror.location), mirror),
    ),
    itself: { named: there, isMirror: false, insecure, requiresTLS, blockedIn },
  };
}

function mirrorAt(
  conf: RegistriesConf,
  named: NamedReference,
  { insecure, requiresTLS }: Mirror,
): PhysicalLocation {
  return { named, isMirror: true, insecure, requiresTLS, blockedIn: blockOf(conf, named) };
}

/** The entry with the longest prefix; at equal length, the entry without `*.`. */
export function findEntry(
  { registries }: RegistriesConf,
  named: NamedReference,
): RegistryEntry | undefined {
  const found = registries.filter(({ prefix }) => isWithin(named, prefix));
  return found.toSorted((a, b) => weightOf(b) - weightOf(a))[0];
}

function weightOf({ name, prefix }: RegistryEntry): number {
  return name.length - (isWildcard(prefix.domain) ? 0.5 : 0);
}

/** A registry is also blocked by the name it is mapped to. */
function blockOf(conf: RegistriesConf, there: NamedReference): string | undefined {
  const entry = findEntry(conf, there);
  return entry?.blocked ? entry.file : undefined;
}
