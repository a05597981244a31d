import type { NamedReference } from "@drayage/core";

import { isWildcard, isWithin, relocated } from "./location.ts";
import type { RegistriesConf } from "./registries-conf.ts";
import type { Mirror, RegistryEntry } from "./registry-entry.ts";

/** Where an image is asked for. */
export interface PhysicalPlace {
  readonly named: NamedReference;
  readonly isMirror: boolean;
  /** Plain http and certificates that are not trusted will do. */
  readonly insecure: boolean;
  /** TLS was asked for, also of a registry on this machine. */
  readonly requiresTLS?: true | undefined;
  /** The file that forbids to go there. */
  readonly blockedIn: string | undefined;
}

/** The places of an image. */
export interface PhysicalPlaces {
  /** Those that may serve it, to be asked first and in this order. */
  readonly mirrors: readonly PhysicalPlace[];
  /** Where it really is: the only one to write to. */
  readonly itself: PhysicalPlace;
}

/**
 * Where a reference leads. A mirror may be there for digests only, because what it calls by a tag may be old, or for
 * tags only. What is blocked may have mirrors that are not.
 * @throws ImageError `invalid-reference` where the configuration leads to what is no name
 */
export function placesOf(conf: RegistriesConf, named: NamedReference): PhysicalPlaces {
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
      placeAt(conf, relocated(named, prefix, mirror.location), mirror),
    ),
    itself: { named: there, isMirror: false, insecure, requiresTLS, blockedIn },
  };
}

function placeAt(
  conf: RegistriesConf,
  named: NamedReference,
  { insecure, requiresTLS }: Mirror,
): PhysicalPlace {
  return { named, isMirror: true, insecure, requiresTLS, blockedIn: blockOf(conf, named) };
}

/** The entry with the longest prefix; of two that are as long, the one without `*.`. */
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

/** Registries are blocked by the name under which they are reached, too. */
function blockOf(conf: RegistriesConf, there: NamedReference): string | undefined {
  const entry = findEntry(conf, there);
  return entry?.blocked ? entry.file : undefined;
}
