import type { Descriptor } from "../contract/blob-info.ts";
import type { Bounds } from "./run-all.ts";

/** Large blobs share the line anyway; small ones wait for answers most of the time. */
const largeBlobs = 6;
const largeSize = 8 << 20;
const leastWeight = 1 / 16;

/** How many blobs are on their way at once: at most `count`, and not more that are large than the caller or we ourselves think good. */
export function blobBounds<Item>(
  blobOf: (item: Item) => Descriptor,
  count: number,
  parallelBlobs: number | undefined,
): Bounds<Item> {
  return {
    count: Math.min(count, parallelBlobs ?? Infinity),
    weight: parallelBlobs ?? largeBlobs,
    weightOf: (item) => Math.min(1, Math.max(leastWeight, blobOf(item).size / largeSize)),
  };
}
