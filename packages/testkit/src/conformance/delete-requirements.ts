import assert from "node:assert/strict";

import { parseManifest } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import { randomImage } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { writeImage } from "../random/write-image.ts";
import { isNotThere, isThere, rejectsWith } from "./checks.ts";
import type { Requirement } from "./requirement.ts";

async function deleted(reference: ImageReference): Promise<void> {
  assert.ok(reference.deleteImage !== undefined, `${reference.transport.name} does not delete`);
  await reference.deleteImage();
}

/** The first image of an index, by itself: with other manifests, but the same blobs. */
function firstOf(index: WholeImage): WholeImage {
  const [manifest] = index.instances;
  assert.ok(manifest);
  const parsed = parseManifest(manifest);
  assert.ok(parsed.kind === "image");
  const used = new Set([parsed.config, ...parsed.layers].map(({ digest }) => digest));
  const blobs = new Map([...index.blobs].filter(([digest]) => used.has(digest)));
  return { manifest, instances: [], blobs };
}

export const deleteRequirements: readonly Requirement[] = [
  {
    id: "delete/gone",
    promise: "a deleted image is not there any more, an index neither, and can be written again",
    appliesTo: ({ writes, deletes }) => writes && deletes,
    async check({ freshReference }) {
      const reference = await freshReference();
      for (const image of [await randomImage("gone"), await randomIndex("gone")]) {
        await writeImage(image, reference);
        await deleted(reference);
        await isNotThere(reference);
        await writeImage(image, reference);
        await isThere(reference, image);
        await deleted(reference);
      }
    },
  },
  {
    id: "delete/not-found",
    promise: "deleting what is not there is not-found",
    appliesTo: ({ writes, deletes }) => writes && deletes,
    async check({ freshReference }) {
      const reference = await freshReference();
      await rejectsWith("not-found", () => deleted(reference));
    },
  },
  {
    id: "delete/others-stay",
    promise: "what other images need stays, the same blobs under another name too",
    appliesTo: ({ writes, deletes }, { siblingOf }) => writes && deletes && siblingOf !== undefined,
    async check({ freshReference, siblingOf }) {
      const first = await freshReference();
      const second = await siblingOf?.(first);
      assert.ok(second);
      const index = await randomIndex("others");
      const image = firstOf(index);
      await writeImage(index, first);
      await writeImage(image, second);
      await deleted(first);
      await isNotThere(first);
      await isThere(second, image);
    },
  },
];
