import assert from "node:assert/strict";

import { copyImage } from "@drayage/core";
import type { CopyResult, Digest, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { digestTagsOf } from "@drayage/core/reference";

import { randomArtifact } from "../random/random-artifact.ts";
import { descriptorOf } from "../random/whole-image.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { putBlobs } from "../random/write-image.ts";
import { assertNoImage, assertRejects } from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Abilities, Requirement } from "./requirement.ts";
import { indexOrImageFor } from "./sample-images.ts";

/** An image with referrers: by `subject`, by tag, and indirectly. */
interface ImageWithReferrers {
  readonly image: WholeImage;
  readonly reference: ImageReference;
  readonly referrer: Digest;
  readonly indirect: Digest;
  readonly tag: string;
  readonly tagged: Digest;
}

async function imageWithReferrers(seed: string, abilities: Abilities): Promise<ImageWithReferrers> {
  const image = await indexOrImageFor(abilities, seed);
  const referrer = await randomArtifact(`${seed} referrer`, { subject: descriptorOf(image) });
  const subject = descriptorOf(referrer);
  const indirect = await randomArtifact(`${seed} indirect`, { subject });
  const tagged = await randomArtifact(`${seed} tagged`);
  const [tag = ""] = digestTagsOf(image.manifest.digest);
  const reference = memory().parseReference(seed);
  await using destination = await reference.newImageDestination();
  for (const one of [image, referrer, indirect, tagged]) await putBlobs(one, destination);
  for (const one of [...image.instances, referrer.manifest, indirect.manifest]) {
    await destination.putManifest(one, { instance: one.digest });
  }
  await destination.putManifest(tagged.manifest, { instance: tagged.manifest.digest, tag });
  await destination.putManifest(image.manifest);
  await destination.commit();
  return {
    image,
    reference,
    referrer: referrer.manifest.digest,
    indirect: indirect.manifest.digest,
    tag,
    tagged: tagged.manifest.digest,
  };
}

async function copyAll(from: ImageReference, to: ImageReference): Promise<CopyResult> {
  return copyImage(from, to, { instances: "all", referrers: true });
}

/** Fails unless the store lists exactly these referrers. */
async function assertReferrers(
  stored: ImageReference,
  expected: ImageWithReferrers,
): Promise<void> {
  const { image, referrer, indirect, tag, tagged } = expected;
  await using source = await stored.newImageSource();
  const referrersOf = async (subject: Digest): Promise<readonly (Digest | undefined)[][]> => {
    const found = await Array.fromAsync(source.getReferrers?.(subject) ?? []);
    return found.map((one) => [one.digest, one.tag] as (Digest | undefined)[]);
  };
  assert.deepEqual(await referrersOf(image.manifest.digest), [
    [referrer, undefined],
    [tagged, tag],
  ]);
  assert.deepEqual(await referrersOf(referrer), [[indirect, undefined]]);
}

/** Requirements for signatures and other referrers that are copied with an image. */
export const referrerRequirements: readonly Requirement[] = [
  {
    id: "copy/referrers",
    description: "referrers are copied into the store and back with their image",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers === true,
    async check({ freshReference }, abilities) {
      const referred = await imageWithReferrers("referrers", abilities);
      const [stored, out] = [await freshReference(), memory().parseReference("out")];
      const { digest } = await copyAll(referred.reference, stored);
      assert.equal(digest, referred.image.manifest.digest);
      await assertReferrers(stored, referred);
      await copyAll(stored, out);
      await assertReferrers(out, referred);
    },
  },
  {
    id: "copy/referrers-later",
    description: "referrers are added to an image that is present, and only once",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers === true,
    async check({ freshReference }, abilities) {
      const referred = await imageWithReferrers("referrers later", abilities);
      const stored = await freshReference();
      await copyImage(referred.reference, stored, { instances: "all" });
      const later = await copyAll(referred.reference, stored);
      assert.equal(later.referrers, 3);
      await assertReferrers(stored, referred);
      const again = await copyAll(referred.reference, stored);
      assert.ok(again.alreadyThere, "the second copy wrote the referrers again");
    },
  },
  {
    id: "copy/referrers-unsupported",
    description:
      "a copy with referrers into a store without them is an impossible-copy and leaves no image",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers !== true,
    async check({ freshReference }, abilities) {
      const { reference, image } = await imageWithReferrers("referrers unsupported", abilities);
      const to = await freshReference();
      await assertRejects("impossible-copy", () => copyAll(reference, to));
      await assertNoImage(to);
      await copyImage(reference, to, { instances: "all" });
      await assertPreserved(to, image, abilities);
    },
  },
];
