import type { Digest } from "@drayage/core";

import { biggestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import type { RandomImageOptions } from "../../src/random/random-image.ts";
import { alteredMemory, corrupted } from "./altered-memory.ts";
import type { Alteration } from "./altered-memory.ts";

/** A transport that changes the last byte of one blob or manifest on reading. */
export function corrupting(wrong: Digest, more: Alteration = {}): TransportUnderTest {
  return alteredMemory({
    ...more,
    source: ({ getBlob, getManifest }) => ({
      async getManifest(instance, options) {
        const manifest = await getManifest(instance, options);
        return instance === wrong ? { ...manifest, bytes: corrupted(manifest.bytes) } : manifest;
      },
      async *getBlob(blob, options) {
        for await (const chunk of getBlob(blob, options)) {
          yield blob.digest === wrong ? corrupted(chunk) : chunk;
        }
      },
    }),
  });
}

/** A transport that changes the last byte of the largest layer of the image with this seed. */
export async function corruptingImage(
  seed: string,
  options: RandomImageOptions = {},
): Promise<TransportUnderTest> {
  const image = await randomImage(seed, { compression: "gzip", ...options });
  return corrupting(biggestLayer(image)[0]);
}
