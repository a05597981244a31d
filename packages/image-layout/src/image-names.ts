import type { ImageReference, OperationOptions } from "@drayage/core";

import { isOneName } from "./image-entries.ts";
import { formatSelector, isSelectableName } from "./image-selector.ts";
import type { ImageSelector } from "./image-selector.ts";
import { fullNameOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { readIndex } from "./read-index.ts";
import { mayBeManifest } from "./referrer-entries.ts";

/**
 * How each image in a layout is called, in the order of `index.json`, each name once: `@N` where it has no name that
 * selects it. The reference is for messages.
 * @throws ImageError `not-found`, `unsupported`, `invalid-manifest`
 */
export async function imageNamesIn(
  reference: ImageReference,
  layout: LayoutReader,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  const { entries } = await readIndex(reference, layout, options);
  return imageNamesOf(entries);
}

/** The same of the entries of an index; without those of something else than images. */
export function imageNamesOf(entries: readonly IndexEntry[]): readonly string[] {
  const selectorOf = selectorsIn(entries);
  const images = entries.filter(mayBeManifest);
  return [...new Set(images.map((entry) => formatSelector(selectorOf(entry))))];
}

/** What selects each image of an index: its name, its full name, or its position where another image has the name too. */
export function selectorsIn(entries: readonly IndexEntry[]): (entry: IndexEntry) => ImageSelector {
  const images = entries.filter(mayBeManifest);
  const byName = firstBy(images, nameOfEntry);
  const byFullName = firstBy(images, fullNameOfEntry);
  const selects = (name: string, entry: IndexEntry): boolean =>
    isSelectableName(name) && (byName.get(name) ?? byFullName.get(name)) === entry["digest"];
  return (entry) => {
    const names = [nameOfEntry(entry), fullNameOfEntry(entry)];
    const name = names.find((one) => one !== undefined && selects(one, entry));
    if (name !== undefined) return { kind: "name", name };
    return { kind: "position", position: entries.indexOf(entry) };
  };
}

/** The digest of the first image with each name; of a name that several full names share, none. */
function firstBy(
  images: readonly IndexEntry[],
  nameOf: (entry: IndexEntry) => string | undefined,
): ReadonlyMap<string, unknown> {
  const named = Map.groupBy(images, nameOf);
  const first = new Map<string, unknown>();
  for (const [name, entries] of named)
    if (name !== undefined) first.set(name, isOneName(entries) ? entries[0]?.["digest"] : null);
  return first;
}
