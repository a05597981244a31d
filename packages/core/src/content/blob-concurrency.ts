import type { Descriptor } from "../contract/blob-info.ts";
import type { ConcurrencyLimits } from "./run-all.ts";

/** More large blobs would only share the bandwidth. Small blobs mostly wait for responses, so more run at once. */
const maxLargeBlobs = 6;
const largeSize = 8 << 20;
const minWeight = 1 / 16;

/** How many blobs to transfer at once: at most `count`, and at most `parallelBlobs` large ones. Default: 6 large ones. */
export function blobConcurrency<Item>(
  blobOf: (item: Item) => Descriptor,
  count: number,
  parallelBlobs: number | undefined,
): ConcurrencyLimits<Item> {
  return {
    count: Math.min(count, parallelBlobs ?? Infinity),
    weight: parallelBlobs ?? maxLargeBlobs,
    weigh: (item) => Math.min(1, Math.max(minWeight, blobOf(item).size / largeSize)),
  };
}
