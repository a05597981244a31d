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
 * Removes an image from `index.json`, by its digest and as the only one under all its names; with it what refers to it, and then the blobs that nothing else in the layout needs.
 * @throws ImageError `not-found`; what keeps it from telling which blobs the others need
 */
export async function deleteLayoutImage(
  store: LayoutStore,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  // A place that is no layout is not made one.
  const before = parsed(store, await store.readFile("index.json", options));
  await entriesOf(store, before, selector, options);
  let unneeded: readonly Digest[] = [];
  await store.updateIndex(
    {
      async next(current) {
        const index = parsed(store, current);
        const deleted = new Set(await entriesOf(store, index, selector, options));
        const entries = index.entries.filter((entry) => !deleted.has(entry));
        const left = await withoutReferrers(store, index, { ...index, entries }, options);
        unneeded = [...(await neededNoMore(store, index, left, options))];
        return formatLayoutIndex(left);
      },
      async afterwards() {
        for (const digest of unneeded) await store.deleteBlob(digest);
      },
    },
    options,
  );
}

function parsed({ place }: LayoutStore, index: Uint8Array | undefined): LayoutIndex {
  if (index !== undefined) return parseLayoutIndex(index);
  throw new ImageError("not-found", `No image layout in ${place}: it has no index.json`);
}

/** Also without what refers to manifests that go, and what refers to that. */
async function withoutReferrers(
  store: LayoutStore,
  index: LayoutIndex,
  first: LayoutIndex,
  options: OperationOptions,
): Promise<LayoutIndex> {
  for (let left = first; ;) {
    const gone = await neededNoMore(store, index, left, options);
    const kept: IndexEntry[] = [];
    for (const entry of left.entries) {
      const subject = await subjectOfEntry(store, entry, options);
      if (subject === undefined || !gone.has(subject)) kept.push(entry);
    }
    if (kept.length === left.entries.length) return left;
    left = { ...left, entries: kept };
  }
}

async function neededNoMore(
  store: LayoutStore,
  before: LayoutIndex,
  after: LayoutIndex,
  options: OperationOptions,
): Promise<ReadonlySet<Digest>> {
  const kept = await digestsUnder(store, after.entries.map(descriptorOfEntry), options);
  const listed = new Set(after.entries);
  const removed = before.entries.filter((entry) => !listed.has(entry)).map(descriptorOfEntry);
  const gone = await digestsUnder(store, removed, options);
  return new Set([...gone].filter((digest) => !kept.has(digest)));
}
