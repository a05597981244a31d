import { ImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { positionOf } from "./find-image.ts";
import type { ImageSelector } from "./image-selector.ts";
import { digestsUnder } from "./image-tree.ts";
import {
  descriptorOfEntry,
  formatLayoutIndex,
  parseLayoutIndex,
  withoutEntry,
} from "./layout-index.ts";
import type { LayoutIndex } from "./layout-index.ts";
import type { LayoutStore } from "./layout-store.ts";

/**
 * Removes an image from `index.json` and then the blobs that no other image in the layout needs.
 * @throws ImageError `not-found`; what keeps it from telling which blobs the others need
 */
export async function deleteLayoutImage(
  store: LayoutStore,
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  // A place that is no layout is not made one.
  positionOf(store.place, parsed(store, await store.readFile("index.json", options)), selector);
  let unneeded: readonly Digest[] = [];
  await store.updateIndex(
    {
      async next(current) {
        const index = parsed(store, current);
        const position = positionOf(store.place, index, selector);
        unneeded = await neededOnlyBy(store, index, position, options);
        return formatLayoutIndex(withoutEntry(index, position));
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

async function neededOnlyBy(
  store: LayoutStore,
  index: LayoutIndex,
  position: number,
  options: OperationOptions,
): Promise<readonly Digest[]> {
  const others = withoutEntry(index, position).entries.map(descriptorOfEntry);
  const kept = await digestsUnder(store, others, options);
  const [entry] = index.entries.slice(position, position + 1);
  const gone = await digestsUnder(store, entry ? [descriptorOfEntry(entry)] : [], options);
  return [...gone].filter((digest) => !kept.has(digest));
}
