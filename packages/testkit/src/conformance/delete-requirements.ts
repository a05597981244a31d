import assert from "node:assert/strict";

import type { ImageReference } from "@drayage/core";

import { firstImageOf } from "../random/whole-image.ts";
import { writeImage } from "../random/write-image.ts";
import { assertNoImage, assertRejects } from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Abilities, Requirement } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage } from "./sample-images.ts";

const deletes = (abilities: Abilities): boolean => abilities.deletes;

async function deleted(reference: ImageReference): Promise<void> {
  assert.ok(reference.deleteImage !== undefined, `${reference.transport.name} does not delete`);
  await reference.deleteImage();
}

export const deleteRequirements: readonly Requirement[] = [
  {
    id: "delete/image",
    promise: "a deleted image is not there any more, an index neither, and can be written again",
    appliesTo: deletes,
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      for (const image of [
        await imageFor(abilities, "gone"),
        await indexOrImageFor(abilities, "gone"),
      ]) {
        await writeImage(image, reference);
        await deleted(reference);
        await assertNoImage(reference);
        await writeImage(image, reference);
        await assertPreserved(reference, image, abilities);
        await deleted(reference);
      }
    },
  },
  {
    id: "delete/not-found",
    promise: "deleting what is not there is not-found",
    appliesTo: deletes,
    async check({ freshReference }) {
      const reference = await freshReference();
      await assertRejects("not-found", () => deleted(reference));
    },
  },
  {
    id: "delete/unsupported",
    promise: "where nothing is deleted it is unsupported, and the image stays",
    appliesTo: ({ writes }, subject) => writes && subject.deletes === false,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "stays");
      const reference = await storeImage(image, subject);
      await assertRejects("unsupported", () => deleted(reference));
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "delete/shared-blobs",
    promise: "what other images need stays, the same blobs under another name too",
    appliesTo: (abilities, { siblingOf }) => abilities.deletes && siblingOf !== undefined,
    async check({ freshReference, siblingOf }, abilities) {
      const first = await freshReference();
      const second = await siblingOf?.(first);
      assert.ok(second);
      const index = await indexOrImageFor(abilities, "others");
      const image = firstImageOf(index);
      await writeImage(index, first);
      await writeImage(image, second);
      await deleted(first);
      await assertNoImage(first);
      await assertPreserved(second, image, abilities);
    },
  },
];
