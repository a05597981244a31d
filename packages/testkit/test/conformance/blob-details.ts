import { digestOf } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import { corruptingImage } from "./corrupting-memory.ts";
import type { Details } from "./detail.ts";

const isDifferent = /^the blob .* differs/;

export const blobDetails: Details = {
  "destination/digest-computed": {
    "returns another digest": [returningOtherDigest, /deep-equal/],
  },
  "destination/empty-blob": {
    "returns another digest": [returningOtherDigest, /deep-equal/],
  },
  "destination/failed-stream": {
    "returns another digest on the second put": [returningOtherDigest, /strictly equal/],
  },
  "destination/reuse": {
    "reuses an absent blob": [
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
    "returns a corrupt image after reuse": [() => corruptingImage("reuse"), isDifferent],
  },
  "destination/parallel-blobs": {
    "corrupts one of the blobs": [
      () => corruptingImage("parallel", { layers: 6, layerSize: 50_000 }),
      isDifferent,
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
