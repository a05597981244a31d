import type { ImageReference, ImageSource } from "@drayage/core";

import { randomIndex } from "../../src/random/random-index.ts";

/** A source that has a manifest and no blobs. */
export async function unfinishedImage(reference: ImageReference): Promise<ImageSource> {
  const { bytes, mediaType } = (await randomIndex("unfinished")).manifest;
  return {
    reference,
    offers: { parallelBlobs: 1, ranges: false },
    getManifest: async () => ({ bytes, mediaType }),
    async *getBlob() {},
    async [Symbol.asyncDispose]() {},
  };
}
