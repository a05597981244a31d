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
 * The names of the images in a layout, without duplicates, in the order of `index.json`: `@N` for an image that no name
 * selects. The reference is used in messages.
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

/** As `imageNamesIn`, for entries that were read already. Omits entries of other types than images. */
export function imageNamesOf(entries: readonly IndexEntry[]): readonly string[] {
  const selectorOf = selectorsIn(entries);
  const images = entries.filter(mayBeManifest);
  return [...new Set(images.map((entry) => formatSelector(selectorOf(entry))))];
}

/** Returns the selector of each image: its name, its full name, or its position if another image has the same name. */
export function selectorsIn(entries: readonly IndexEntry[]): (entry: IndexEntry) => ImageSelector {
  const images = entries.filter(mayBeManifest);
  const byName = digestsByName(images, nameOfEntry);
  const byFullName = digestsByName(images, fullNameOfEntry);
  const selects = (name: string, entry: IndexEntry): boolean =>
    isSelectableName(name) && (byName.get(name) ?? byFullName.get(name)) === entry["digest"];
  return (entry) => {
    const names = [nameOfEntry(entry), fullNameOfEntry(entry)];
    const name = names.find((text) => text !== undefined && selects(text, entry));
    if (name !== undefined) return { kind: "name", name };
    return { kind: "position", position: entries.indexOf(entry) };
  };
}

/** The digest of the first image with each name. Null if images with different full names share the name. */
function digestsByName(
  images: readonly IndexEntry[],
  nameOf: (entry: IndexEntry) => string | undefined,
): ReadonlyMap<string, unknown> {
  const named = Map.groupBy(images, nameOf);
  const digests = new Map<string, unknown>();
  for (const [name, entries] of named)
    if (name !== undefined) digests.set(name, isOneName(entries) ? entries[0]?.["digest"] : null);
  return digests;
}
