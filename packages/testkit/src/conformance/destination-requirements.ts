import assert from "node:assert/strict";

import { digestOf } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { randomImage } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { putBlobs, putImage, writeImage } from "../random/write-image.ts";
import {
  blobDescriptorOf,
  destinationOf,
  failureOf,
  freshBytes,
  inChunks,
  isNotThere,
  isThere,
  rejectsWith,
} from "./checks.ts";
import type { Requirement } from "./requirement.ts";

/** What a destination promises of whole images. */
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
        () => destination.tryReusingBlob(blobDescriptorOf(blob), options),
        () => destination.putBlob(inChunks(freshBytes(10)), {}, options),
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
