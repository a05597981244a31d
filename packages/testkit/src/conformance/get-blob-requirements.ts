import assert from "node:assert/strict";

import { imageOf } from "@drayage/core";

import { assertReason, assertSameBytes, blobOf, failureOf, usedAtOnce } from "./checks.ts";
import { biggestLayer } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { reads, withStoredImage } from "./stored-image.ts";

/** Bytes of a layer that is larger than any chunk and any buffer between the store and the reader. */
const manyChunks = 3_000_000;

/** Requirements for reading single blobs. */
export const getBlobRequirements: readonly Requirement[] = [
  {
    id: "source/partial-read",
    description: "a blob that is read partially does not affect later reads",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = biggestLayer(image);
          for (let round = 0; round < 20; round++) {
            for await (const chunk of source.getBlob({ digest })) {
              assertSameBytes(chunk, bytes.subarray(0, chunk.byteLength), "the first chunk");
              break;
            }
          }
          assertSameBytes(await blobOf(source, digest), bytes, "the blob after partial reads");
        },
        { layerSize: manyChunks },
      ),
  },
  {
    id: "source/parallel-blobs",
    description: "offers.parallelBlobs blobs can be read at the same time",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = biggestLayer(image);
          const readers = Array.from({ length: abilities.offers?.parallelBlobs ?? 1 });
          const read = await Promise.all(readers.map(async () => blobOf(source, digest)));
          for (const one of read) assertSameBytes(one, bytes, "a blob of a parallel read");
        },
        { layerSize: 1_000_000 },
      ),
  },
  {
    id: "source/reused-buffers",
    description:
      "with reuseBuffers a chunk stays unchanged until the next one is requested, also during parallel reads",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(
        subject,
        abilities,
        async ({ source }) => {
          const { layerInfos } = await imageOf(source);
          await Promise.all(
            [...layerInfos, ...layerInfos].map(async ({ digest }) => {
              const found = await usedAtOnce(source.getBlob({ digest }, { reuseBuffers: true }));
              assert.equal(found, digest, "the bytes of the blob differ");
            }),
          );
        },
        { layerSize: 1_000_000 },
      ),
  },
  {
    id: "source/ranges",
    description: "a range returns exactly its bytes, up to the end of the blob without range.end",
    appliesTo: ({ offers }) => offers?.ranges === true,
    check: (subject, abilities) =>
      withStoredImage(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = biggestLayer(image);
          const last = bytes.byteLength - 1;
          for (const [start, end] of [
            [0, 0],
            [0, last],
            [1, 70_000],
            [1_000_000, 2_500_000],
            [last, last],
          ] as const) {
            const part = await blobOf(source, digest, { start, end });
            assertSameBytes(part, bytes.subarray(start, end + 1), `the range ${start}-${end}`);
          }
          const rest = await blobOf(source, digest, { start: 1_234_567 });
          assertSameBytes(rest, bytes.subarray(1_234_567), "the range to the end");
        },
        { layerSize: manyChunks },
      ),
  },
  {
    id: "source/aborted-read",
    description: "getBlob rejects with the reason at the next chunk after an abort",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = biggestLayer(image);
          const controller = new AbortController();
          const reason = new Error("aborted");
          const { signal } = controller;
          const chunks = source.getBlob({ digest }, { signal })[Symbol.asyncIterator]();
          const first = await chunks.next();
          assert.ok(first.done !== true && first.value.byteLength > 0, "the first chunk is empty");
          controller.abort(reason);
          if (first.value.byteLength === bytes.byteLength) return;
          const next = async (): Promise<void> => {
            const { done } = await chunks.next();
            const outcome = done === true ? "ended" : "continued";
            assert.fail(
              `getBlob ${outcome} after an abort; check options.signal before each chunk and reject with signal.reason`,
            );
          };
          assertReason(await failureOf(next), reason, "getBlob after an abort");
        },
        { layerSize: manyChunks },
      ),
  },
];
