import assert from "node:assert/strict";

import type { ImageReference } from "@drayage/core";

import { firstImageOf } from "../random/whole-image.ts";
import { writeImage } from "../random/write-image.ts";
import { assertNoImage, assertRejects } from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Abilities, Requirement } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage } from "./sample-images.ts";

const deletes = (abilities: Abilities): boolean => abilities.deletes;

async function deleteAt(reference: ImageReference): Promise<void> {
  assert.ok(
    reference.deleteImage !== undefined,
    `references of ${reference.transport.name} have no deleteImage`,
  );
  await reference.deleteImage();
}

export const deleteRequirements: readonly Requirement[] = [
  {
    id: "delete/image",
    description: "a deleted image or index is not-found and can be written again",
    appliesTo: deletes,
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      for (const image of [
        await imageFor(abilities, "deleted"),
        await indexOrImageFor(abilities, "deleted"),
      ]) {
        await writeImage(image, reference);
        await deleteAt(reference);
        await assertNoImage(reference);
        await writeImage(image, reference);
        await assertPreserved(reference, image, abilities);
        await deleteAt(reference);
      }
    },
  },
  {
    id: "delete/not-found",
    description: "deleting an absent image is not-found",
    appliesTo: deletes,
    async check({ freshReference }) {
      const reference = await freshReference();
      await assertRejects("not-found", () => deleteAt(reference));
    },
  },
  {
    id: "delete/unsupported",
    description: "a store that does not delete rejects with unsupported and keeps the image",
    appliesTo: ({ writes }, subject) => writes && subject.deletes === false,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "kept");
      const reference = await storeImage(image, subject);
      await assertRejects("unsupported", () => deleteAt(reference));
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "delete/shared-blobs",
    description: "deleting an image keeps the blobs that other images use",
    appliesTo: (abilities, { siblingOf }) => abilities.deletes && siblingOf !== undefined,
    async check({ freshReference, siblingOf }, abilities) {
      const first = await freshReference();
      const second = await siblingOf?.(first);
      assert.ok(second);
      const index = await indexOrImageFor(abilities, "others");
      const image = firstImageOf(index);
      await writeImage(index, first);
      await writeImage(image, second);
      await deleteAt(first);
      await assertNoImage(first);
      await assertPreserved(second, image, abilities);
    },
  },
];
