import { fullNameOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import { mayBeManifest } from "./referrer-entries.ts";

/**
 * The entries with this `ref.name` annotation or, if there are none, with this full name (`io.containerd.image.name`).
 * Returns other content than images only if no image has the name.
 */
export function entriesNamed(entries: readonly IndexEntry[], name: string): readonly IndexEntry[] {
  const named = entries.filter((entry) => nameOfEntry(entry) === name);
  const found = named.length > 0 ? named : entries.filter((one) => fullNameOfEntry(one) === name);
  const images = found.filter(mayBeManifest);
  return images.length > 0 ? images : found;
}

/** Whether entries with the same name are one image. Like skopeo, it is the first, unless their full names differ. */
export function isOneName(named: readonly IndexEntry[]): boolean {
  const fullNames = new Set(named.flatMap((entry) => fullNameOfEntry(entry) ?? []));
  return fullNames.size <= 1 || digestsOf(named).size === 1;
}

/** The distinct digests. An image with two names has two entries. */
export function digestsOf(entries: readonly IndexEntry[]): ReadonlySet<unknown> {
  return new Set(entries.map(({ digest }) => digest));
}
