import { digestOf } from "@drayage/core";
import { streamOf } from "@drayage/core/content";

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
  "destination/reused-buffers": {
    "uses chunks of large blobs after it requested the next": [
      () =>
        alteredMemory({
          destination: ({ putBlob }) => ({
            async putBlob(bytes, blob, options) {
              if ((blob.size ?? 0) < 500_000) return putBlob(bytes, blob, options);
              const chunks = await Array.fromAsync(bytes);
              return putBlob(streamOf(Buffer.concat(chunks)), blob, options);
            },
          }),
        }),
      isDifferent,
    ],
  },
  "destination/aborted-put": {
    "replaces the reason of an abort": [
      () =>
        alteredMemory({
          destination: ({ putBlob }) => ({
            async putBlob(bytes, blob, options) {
              try {
                return await putBlob(bytes, blob, options);
              } catch (error) {
                throw options?.signal?.aborted ? new Error("stopped") : error;
              }
            },
          }),
        }),
      /^putBlob after an abort: .*stopped/,
    ],
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
