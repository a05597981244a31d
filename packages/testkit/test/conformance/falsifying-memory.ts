import type { Digest } from "@drayage/core";

import { largestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import type { RandomImageOptions } from "../../src/random/random-image.ts";
import { alteredMemory, falsified } from "./altered-memory.ts";
import type { Alteration } from "./altered-memory.ts";

/** A transport that reads one blob or manifest with another last byte, and is right about everything else. */
export function falsifying(wrong: Digest, more: Alteration = {}): TransportUnderTest {
  return alteredMemory({
    ...more,
    source: ({ getBlob, getManifest }) => ({
      async getManifest(instance, options) {
        const manifest = await getManifest(instance, options);
        return instance === wrong ? { ...manifest, bytes: falsified(manifest.bytes) } : manifest;
      },
      async *getBlob(blob, options) {
        for await (const chunk of getBlob(blob, options)) {
          yield blob.digest === wrong ? falsified(chunk) : chunk;
        }
      },
    }),
  });
}

/** A transport that reads the largest layer of the image from this seed with another last byte. */
export async function falsifyingImage(
  seed: string,
  options: RandomImageOptions = {},
): Promise<TransportUnderTest> {
  const image = await randomImage(seed, { compression: "gzip", ...options });
  return falsifying(largestLayer(image)[0]);
}
