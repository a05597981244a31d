import assert from "node:assert/strict";

import { digestOf, isImageError, mediaTypes } from "@drayage/core";
import type { ImageDestination } from "@drayage/core";
import { verified } from "@drayage/core/content";

import { randomImage } from "../random/random-image.ts";
import { blobsToPut, bytesOf, writeImage } from "../random/write-image.ts";
import {
  assertImage,
  blobDescriptorOf,
  cutShort,
  destinationOf,
  failureOf,
  freshBytes,
  inChunks,
  assertReason,
  reusingBuffer,
} from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { acceptsType, imageFor } from "./sample-images.ts";

/** Requirements for writing single blobs. */
export const putBlobRequirements: readonly Requirement[] = [
  {
    id: "destination/digest-computed",
    description: "putBlob computes the digest and the size of a blob if they are unknown",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(100_000);
      const stored = await destination.putBlob(inChunks(bytes), {});
      assert.deepEqual([stored.digest, stored.size], [digestOf(bytes), bytes.byteLength]);
    },
  },
  {
    id: "destination/digest-algorithm",
    description:
      "putBlob computes unknown digests with the requested algorithm, and stores the blobs",
    appliesTo: ({ writes, preserves }, { digestAlgorithms = ["sha256", "sha512"] }) =>
      writes && preserves === "everything" && digestAlgorithms.includes("sha512"),
    async check({ freshReference }, { accepts }) {
      const reference = await freshReference();
      const format = acceptsType(accepts, mediaTypes.ociManifest) ? "oci" : "docker";
      const image = await randomImage("algorithm", {
        digestAlgorithm: "sha512",
        format,
        layers: 1,
      });
      await using destination = await destinationOf(reference);
      for (const { blob, isConfig } of blobsToPut(image)) {
        const { mediaType } = blob;
        const options = { isConfig, digestAlgorithm: "sha512" } as const;
        const bytes = inChunks(bytesOf(image, blob.digest));
        const stored = await destination.putBlob(bytes, { mediaType }, options);
        assert.equal(stored.digest, blob.digest);
      }
      await destination.putManifest(image.manifest);
      await destination.commit();
      await assertImage(reference, image);
    },
  },
  {
    id: "destination/empty-blob",
    description: "an empty blob is stored like any other",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const blob = blobDescriptorOf(new Uint8Array(0));
      const stored = await destination.putBlob(inChunks(new Uint8Array(0)), blob);
      assert.deepEqual([stored.digest, stored.size], [blob.digest, 0]);
    },
  },
  {
    id: "destination/large-blob",
    description: "a blob of many megabytes in chunks of different lengths is stored completely",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "large", { layers: 1, layerSize: 9_000_001 });
      await using destination = await destinationOf(reference);
      for (const { blob, isConfig } of blobsToPut(image)) {
        await destination.putBlob(inChunks(bytesOf(image, blob.digest)), blob, { isConfig });
      }
      await destination.putManifest(image.manifest);
      await destination.commit();
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "destination/reused-buffers",
    description:
      "with accepts.reuseBuffers a destination processes each chunk before it requests the next",
    appliesTo: ({ accepts }) => accepts?.reuseBuffers === true,
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "reused buffers", {
        layers: 2,
        layerSize: 1_000_001,
      });
      await using destination = await destinationOf(reference);
      for (const { blob, isConfig } of blobsToPut(image)) {
        await destination.putBlob(reusingBuffer(bytesOf(image, blob.digest)), blob, { isConfig });
      }
      await destination.putManifest(image.manifest);
      await destination.commit();
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "destination/failed-stream",
    description:
      "a failed stream stores nothing, its error is the cause, and the blob can be put again",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(300_000);
      const blob = blobDescriptorOf(bytes);
      const failure = new Error("the stream failed");
      const put = (): Promise<unknown> => destination.putBlob(cutShort(bytes, failure), blob);
      assert.ok(causes(await failureOf(put)).includes(failure), "the error was lost");
      assert.equal(await destination.tryReusingBlob(blob), undefined);
      assert.equal((await destination.putBlob(inChunks(bytes), blob)).digest, blob.digest);
    },
  },
  {
    id: "destination/corrupt-stream",
    description: "bytes with another digest fail with digest-mismatch and store nothing",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(200_000);
      const blob = blobDescriptorOf(bytes);
      const corrupt = Uint8Array.from(bytes);
      corrupt[199_999] = (corrupt[199_999] ?? 0) ^ 1;
      const error = await failureOf(() =>
        destination.putBlob(verified(inChunks(corrupt), blob), blob),
      );
      const found = causes(error).some((cause) => isImageError(cause, "digest-mismatch"));
      assert.ok(found, `expected digest-mismatch, got ${String(error)}`);
      assert.equal(await destination.tryReusingBlob(blob), undefined);
    },
  },
  {
    id: "destination/aborted-put",
    description: "an abort in the middle of a blob rejects with its reason and stores nothing",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(400_000);
      const blob = blobDescriptorOf(bytes);
      const controller = new AbortController();
      const reason = new Error("aborted");
      async function* aborting(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 200_000);
        controller.abort(reason);
        yield bytes.subarray(200_000);
      }
      const { signal } = controller;
      const error = await failureOf(() => destination.putBlob(aborting(), blob, { signal }));
      assertReason(error, reason, "putBlob after an abort");
      assert.equal(await destination.tryReusingBlob(blob), undefined);
    },
  },
  {
    id: "destination/reuse",
    description:
      "tryReusingBlob returns undefined for an absent blob, and the size of a stored one unless each image is written anew",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "reuse");
      const reusedSizes = async (destination: ImageDestination): Promise<(number | undefined)[]> =>
        Promise.all(
          [...image.blobs].map(async ([digest, { byteLength: size }]) => {
            const reused = await destination.tryReusingBlob({
              digest,
              size,
              mediaType: "application/octet-stream",
            });
            return reused && (reused.size ?? size);
          }),
        );
      const sizes = [...image.blobs.values()].map(({ byteLength }) => byteLength);
      {
        await using destination = await destinationOf(reference);
        assert.deepEqual(
          await reusedSizes(destination),
          sizes.map(() => undefined),
        );
      }
      if (abilities.overwriting !== "reuses") return;
      await writeImage(image, reference);
      await using again = await destinationOf(reference);
      assert.deepEqual(await reusedSizes(again), sizes);
      await again.putManifest(image.manifest);
      await again.commit();
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "destination/parallel-blobs",
    description:
      "accepts.parallelBlobs blobs can be written at the same time, including the same blob twice",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const layers = abilities.accepts?.parallelBlobs ?? 1;
      const image = await imageFor(abilities, "parallel", { layers, layerSize: 50_000 });
      await using destination = await destinationOf(reference);
      const blobs = [...blobsToPut(image)];
      const twice = layers > 1 ? [...blobs.slice(0, 1), ...blobs] : blobs;
      const writers = twice.values();
      await Promise.all(
        Array.from({ length: layers }, async () => {
          for (const { blob, isConfig } of writers) {
            await destination.putBlob(inChunks(bytesOf(image, blob.digest)), blob, { isConfig });
          }
        }),
      );
      await destination.putManifest(image.manifest);
      await destination.commit();
      await assertPreserved(reference, image, abilities);
    },
  },
];

function causes(error: unknown): readonly unknown[] {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? [error] : [error, ...causes(cause)];
}
