import { ImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { entriesOf } from "./find-image.ts";
import type { ImageSelector } from "./image-selector.ts";
import { digestsUnder } from "./image-tree.ts";
import { descriptorOfEntry, formatLayoutIndex, parseLayoutIndex } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutStore } from "./layout-store.ts";
import { subjectOfEntry } from "./referrer-entries.ts";

/**
 * Deletes an image from `index.json`, with its referrers, and then the blobs that no other image needs. A selector of
 * kind `digest` or `only` deletes all names of the image.
 * @throws ImageError `not-found`; any error that prevents reading the manifests of the other images
 */
export async function deleteLayoutImage(
  store: LayoutStore,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  // A folder without a layout must not become one.
  const before = parseExisting(store, await store.readFile("index.json", options));
  await entriesOf(store, before, selector, options);
  let unreferenced: readonly Digest[] = [];
  await store.updateIndex(
    {
      async next(current) {
        const index = parseExisting(store, current);
        const deleted = new Set(await entriesOf(store, index, selector, options));
        const entries = index.entries.filter((entry) => !deleted.has(entry));
        const remaining = await withoutReferrers(store, index, { ...index, entries }, options);
        unreferenced = [...(await newlyUnreferenced(store, index, remaining, options))];
        return formatLayoutIndex(remaining);
      },
      async afterwards() {
        for (const digest of unreferenced) await store.deleteBlob(digest);
      },
    },
    options,
  );
}

function parseExisting({ location }: LayoutStore, index: Uint8Array | undefined): LayoutIndex {
  if (index !== undefined) return parseLayoutIndex(index);
  throw new ImageError("not-found", `No image layout in ${location}: it has no index.json`);
}

/** Removes the referrers of deleted manifests, and the referrers of those. */
async function withoutReferrers(
  store: LayoutStore,
  index: LayoutIndex,
  reduced: LayoutIndex,
  options: OperationOptions,
): Promise<LayoutIndex> {
  for (let remaining = reduced; ;) {
    const deleted = await newlyUnreferenced(store, index, remaining, options);
    const kept: IndexEntry[] = [];
    for (const entry of remaining.entries) {
      const subject = await subjectOfEntry(store, entry, options);
      if (subject === undefined || !deleted.has(subject)) kept.push(entry);
    }
    if (kept.length === remaining.entries.length) return remaining;
    remaining = { ...remaining, entries: kept };
  }
}

/** The digests that only entries of `before` reference. */
async function newlyUnreferenced(
  store: LayoutStore,
  before: LayoutIndex,
  after: LayoutIndex,
  options: OperationOptions,
): Promise<ReadonlySet<Digest>> {
  const needed = await digestsUnder(store, after.entries.map(descriptorOfEntry), options);
  const listed = new Set(after.entries);
  const removed = before.entries.filter((entry) => !listed.has(entry)).map(descriptorOfEntry);
  const candidates = await digestsUnder(store, removed, options);
  return new Set([...candidates].filter((digest) => !needed.has(digest)));
}
