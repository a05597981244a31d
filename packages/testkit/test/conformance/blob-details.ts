import { digestOf } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";
import { falsifyingImage } from "./falsifying-memory.ts";

const otherBytes = /^the blob .* has other bytes/;

export const blobDetails: Details = {
  "destination/digest-computed": {
    "returns another digest": [returningOtherDigest, /deep-equal/],
  },
  "destination/empty-blob": {
    "returns another digest": [returningOtherDigest, /deep-equal/],
  },
  "destination/failed-stream": {
    "returns another digest when it is put again": [returningOtherDigest, /strictly equal/],
  },
  "destination/reuse": {
    "finds a blob that was never written": [
      () => alteredMemory({ destination: () => ({ tryReusingBlob: async (blob) => blob }) }),
      /deep-equal/,
    ],
    "returns another size": [
      () =>
        alteredMemory({
          destination: ({ tryReusingBlob }) => ({
            async tryReusingBlob(...given) {
              const reused = await tryReusingBlob(...given);
              return reused && { ...reused, size: 1 };
            },
          }),
        }),
      /deep-equal/,
    ],
    "falsifies the image that was written again": [() => falsifyingImage("reuse"), otherBytes],
  },
  "destination/parallel-blobs": {
    "falsifies one of the blobs": [
      () => falsifyingImage("parallel", { layers: 6, layerSize: 50_000 }),
      otherBytes,
    ],
  },
};

function returningOtherDigest(): TransportUnderTest {
  const digest = digestOf(Buffer.from("another blob"));
  return alteredMemory({
    destination: ({ putBlob }) => ({
      putBlob: async (...given) => ({ ...(await putBlob(...given)), digest }),
    }),
  });
}
