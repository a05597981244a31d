import { fullNameOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import { mayBeManifest } from "./referrer-entries.ts";

/**
 * The entries with that name, images before others: by its name in the layout or else by the full one that containerd
 * gives it.
 */
export function entriesNamed(entries: readonly IndexEntry[], name: string): readonly IndexEntry[] {
  const named = entries.filter((entry) => nameOfEntry(entry) === name);
  const found = named.length > 0 ? named : entries.filter((one) => fullNameOfEntry(one) === name);
  const images = found.filter(mayBeManifest);
  return images.length > 0 ? images : found;
}

/** Whether one image is meant by the name that these have: the first, as for skopeo, unless they have different full names. */
export function isOneName(named: readonly IndexEntry[]): boolean {
  const fullNames = new Set(named.flatMap((entry) => fullNameOfEntry(entry) ?? []));
  return fullNames.size <= 1 || digestsOf(named).size === 1;
}

/** Of distinct content: an image with two names has two entries. */
export function digestsOf(entries: readonly IndexEntry[]): ReadonlySet<unknown> {
  return new Set(entries.map(({ digest }) => digest));
}
