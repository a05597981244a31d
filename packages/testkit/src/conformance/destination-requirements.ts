import assert from "node:assert/strict";

import { digestOf, isImageError, verified } from "@drayage/core";
import type { Descriptor, Digest, ImageDestination } from "@drayage/core";

import { randomImage } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { putBlobs, putImage, writeImage } from "../random/write-image.ts";
import {
  cutShort,
  destinationOf,
  failureOf,
  inChunks,
  isNotThere,
  isThere,
  rejectsWith,
} from "./checks.ts";
import type { Requirement } from "./requirement.ts";

const mediaType = "application/octet-stream";

function descriptorOf(bytes: Uint8Array): Descriptor {
  return { digest: digestOf(bytes), size: bytes.byteLength, mediaType };
}

/** Bytes that no other check uses. */
function freshBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  }
  return bytes;
}

export const destinationRequirements: readonly Requirement[] = [
  {
    id: "destination/accepts",
    promise: "what it accepts is plain data",
    async check(_, { accepts }) {
      assert.deepEqual(structuredClone(accepts), accepts);
      assert.ok(accepts && accepts.parallelBlobs >= 1, "it writes no blob at all");
    },
  },
  {
    id: "destination/round-trip",
    promise:
      "an image that was written is read back to the last byte, unknown fields and spaces too",
    async check({ freshReference }) {
      const reference = await freshReference();
      const image = withUnknownFields(await randomImage("round-trip"));
      await writeImage(image, reference);
      await isThere(reference, image);
    },
  },
  {
    id: "destination/index",
    promise: "an index is read back with its instances, each to the last byte",
    async check({ freshReference }) {
      const reference = await freshReference();
      const index = await randomIndex("index");
      await writeImage(index, reference);
      await isThere(reference, index);
    },
  },
  {
    id: "destination/invisible",
    promise: "nothing is visible under the reference before commit",
    async check({ freshReference }) {
      const reference = await freshReference();
      const image = await randomImage("invisible");
      await using destination = await destinationOf(reference);
      await putImage(image, destination);
      await isNotThere(reference);
      await destination.commit();
      await isThere(reference, image);
    },
  },
  {
    id: "destination/dispose",
    promise: "disposed of without commit it leaves the place as it was, empty or not",
    async check({ freshReference }) {
      const reference = await freshReference();
      const abandoned = await randomImage("abandoned");
      const abandon = async (): Promise<void> => {
        await using destination = await destinationOf(reference);
        await putImage(abandoned, destination);
      };
      await abandon();
      await isNotThere(reference);
      const kept = await randomImage("kept");
      await writeImage(kept, reference);
      await abandon();
      await isThere(reference, kept);
    },
  },
  {
    id: "destination/overwrite",
    promise: "a second image under the same reference takes the place of the first",
    async check({ freshReference }) {
      const reference = await freshReference();
      await writeImage(await randomIndex("first"), reference);
      const second = await randomImage("second");
      await writeImage(second, reference);
      await isThere(reference, second);
    },
  },
  {
    id: "destination/digest-computed",
    promise: "a blob of unknown digest and size is stored under its own",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(100_000);
      const stored = await destination.putBlob(inChunks(bytes), { mediaType });
      assert.deepEqual([stored.digest, stored.size], [digestOf(bytes), bytes.byteLength]);
    },
  },
  {
    id: "destination/empty-blob",
    promise: "a blob of no bytes is a blob like any other",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const blob = descriptorOf(new Uint8Array(0));
      const stored = await destination.putBlob(inChunks(new Uint8Array(0)), blob);
      assert.deepEqual([stored.digest, stored.size], [blob.digest, 0]);
    },
  },
  {
    id: "destination/large-blob",
    promise: "a blob of many megabytes in uneven chunks arrives whole",
    async check({ freshReference }) {
      const reference = await freshReference();
      const image = await randomImage("large", { layers: 1, layerSize: 9_000_001 });
      await using destination = await destinationOf(reference);
      for (const bytes of image.blobs.values()) {
        await destination.putBlob(inChunks(bytes), descriptorOf(bytes));
      }
      await destination.putManifest(image.manifest);
      await destination.commit();
      await isThere(reference, image);
    },
  },
  {
    id: "destination/failed-stream",
    promise:
      "a stream that fails leaves nothing, its error passes through, and the blob can be put again",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(300_000);
      const blob = descriptorOf(bytes);
      const failure = new Error("the stream broke");
      const put = (): Promise<unknown> => destination.putBlob(cutShort(bytes, failure), blob);
      assert.ok(causes(await failureOf(put)).includes(failure), "the error was lost");
      assert.equal(await destination.tryReusingBlob(blob), undefined);
      assert.equal((await destination.putBlob(inChunks(bytes), blob)).digest, blob.digest);
    },
  },
  {
    id: "destination/false-stream",
    promise: "bytes that are not those of the digest leave nothing under it",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(200_000);
      const blob = descriptorOf(bytes);
      const falsified = Uint8Array.from(bytes);
      falsified[199_999] = (falsified[199_999] ?? 0) ^ 1;
      const error = await failureOf(() =>
        destination.putBlob(verified(inChunks(falsified), blob), blob),
      );
      const found = causes(error).some((cause) => isImageError(cause, "digest-mismatch"));
      assert.ok(found, `expected digest-mismatch, got ${String(error)}`);
      assert.equal(await destination.tryReusingBlob(blob), undefined);
    },
  },
  {
    id: "destination/aborted-put",
    promise: "an abort in the middle of a blob passes its reason through and leaves nothing",
    async check({ freshReference }) {
      await using destination = await destinationOf(await freshReference());
      const bytes = freshBytes(400_000);
      const blob = descriptorOf(bytes);
      const controller = new AbortController();
      const reason = new Error("enough");
      async function* stopping(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 200_000);
        controller.abort(reason);
        yield bytes.subarray(200_000);
      }
      const { signal } = controller;
      const error = await failureOf(() => destination.putBlob(stopping(), blob, { signal }));
      assert.equal(error, reason);
      assert.equal(await destination.tryReusingBlob(blob), undefined);
    },
  },
  {
    id: "destination/aborted-before",
    promise:
      "an operation whose signal is aborted already rejects with the reason and does nothing",
    async check({ freshReference }) {
      const reference = await freshReference();
      const image = await randomImage("aborted");
      const reason = new Error("never");
      const options = { signal: AbortSignal.abort(reason) };
      await using destination = await destinationOf(reference);
      await putBlobs(image, destination);
      const [blob] = image.blobs.values();
      assert.ok(blob);
      for (const work of [
        () => destination.tryReusingBlob(descriptorOf(blob), options),
        () => destination.putBlob(inChunks(freshBytes(10)), { mediaType }, options),
        () => destination.putManifest(image.manifest, undefined, options),
      ]) {
        assert.equal(await failureOf(work), reason);
      }
      await destination.putManifest(image.manifest);
      assert.equal(await failureOf(() => destination.commit(options)), reason);
      await isNotThere(reference);
    },
  },
  {
    id: "destination/reuse",
    promise: "a blob that is not there is not reused; one that is there is, with its size",
    async check({ freshReference }) {
      const reference = await freshReference();
      const image = await randomImage("reuse");
      const known = async (destination: ImageDestination): Promise<(number | undefined)[]> =>
        Promise.all(
          [...image.blobs].map(async ([digest, { byteLength: size }]) => {
            const reused = await destination.tryReusingBlob({ digest, size, mediaType });
            return reused && (reused.size ?? size);
          }),
        );
      const sizes = [...image.blobs.values()].map(({ byteLength }) => byteLength);
      {
        await using destination = await destinationOf(reference);
        assert.deepEqual(
          await known(destination),
          sizes.map(() => undefined),
        );
      }
      await writeImage(image, reference);
      await using again = await destinationOf(reference);
      assert.deepEqual(await known(again), sizes);
      await again.putManifest(image.manifest);
      await again.commit();
      await isThere(reference, image);
    },
  },
  {
    id: "destination/parallel-blobs",
    promise: "as many blobs as it says can be written at once, the same one twice among them",
    async check({ freshReference }, { accepts }) {
      const reference = await freshReference();
      const layers = accepts?.parallelBlobs ?? 1;
      const image = await randomImage("parallel", { layers, layerSize: 50_000 });
      await using destination = await destinationOf(reference);
      const blobs = [...image.blobs.values()];
      const twice = layers > 1 ? [...blobs, ...blobs.slice(0, 1)] : blobs;
      const writers = twice.values();
      await Promise.all(
        Array.from({ length: layers }, async () => {
          for (const bytes of writers)
            await destination.putBlob(inChunks(bytes), descriptorOf(bytes));
        }),
      );
      await destination.putManifest(image.manifest);
      await destination.commit();
      await isThere(reference, image);
    },
  },
  {
    id: "destination/find-manifest-digest",
    promise: "it tells which manifest the reference names, none before there is one",
    async check({ freshReference }) {
      const reference = await freshReference();
      const index = await randomIndex("find");
      const find = async (instance?: Digest): Promise<Digest | undefined> => {
        await using destination = await destinationOf(reference);
        return await destination.findManifestDigest?.(instance);
      };
      const [instance] = index.instances;
      const digest = instance?.digest;
      assert.deepEqual([await find(), await find(digest)], [undefined, undefined]);
      await writeImage(index, reference);
      {
        await using destination = await destinationOf(reference);
        if (destination.findManifestDigest === undefined) return;
      }
      assert.deepEqual([await find(), await find(digest)], [index.manifest.digest, digest]);
    },
  },
  {
    id: "destination/commit-needs-manifest",
    promise: "a commit without a manifest fails and shows nothing",
    async check({ freshReference }) {
      const reference = await freshReference();
      await using destination = await destinationOf(reference);
      await rejectsWith("conflict", () => destination.commit());
      await isNotThere(reference);
    },
  },
];

/** What no program knows, and how no program would write it. */
function withUnknownFields(image: WholeImage): WholeImage {
  const text = Buffer.from(image.manifest.bytes).toString();
  const bytes = Buffer.from(text.replace("{", '{ "x-unknown" :\t[1, null, "é"],\n'));
  return { ...image, manifest: { ...image.manifest, bytes, digest: digestOf(bytes) } };
}

function causes(error: unknown): readonly unknown[] {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? [error] : [error, ...causes(cause)];
}
