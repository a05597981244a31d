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

/** An image and what refers to it: by its subject, by a tag, and by way of another. */
interface Referred {
  readonly image: WholeImage;
  readonly reference: ImageReference;
  readonly referrer: Digest;
  readonly ofReferrer: Digest;
  readonly tag: string;
  readonly tagged: Digest;
}

async function referredTo(seed: string, abilities: Abilities): Promise<Referred> {
  const image = await indexOrImageFor(abilities, seed);
  const referrer = await randomArtifact(`${seed} referrer`, { subject: descriptorOf(image) });
  const subject = descriptorOf(referrer);
  const ofReferrer = await randomArtifact(`${seed} of the referrer`, { subject });
  const tagged = await randomArtifact(`${seed} tagged`);
  const [tag = ""] = digestTagsOf(image.manifest.digest);
  const reference = memory().parseReference(seed);
  await using destination = await reference.newImageDestination();
  for (const one of [image, referrer, ofReferrer, tagged]) await putBlobs(one, destination);
  for (const one of [...image.instances, referrer.manifest, ofReferrer.manifest]) {
    await destination.putManifest(one, { instance: one.digest });
  }
  await destination.putManifest(tagged.manifest, { instance: tagged.manifest.digest, tag });
  await destination.putManifest(image.manifest);
  await destination.commit();
  return {
    image,
    reference,
    referrer: referrer.manifest.digest,
    ofReferrer: ofReferrer.manifest.digest,
    tag,
    tagged: tagged.manifest.digest,
  };
}

async function copyAll(from: ImageReference, to: ImageReference): Promise<CopyResult> {
  return copyImage(from, to, { instances: "all", referrers: true });
}

/** Fails unless all that refers to the image is found where it is, and nothing else. */
async function assertReferrers(place: ImageReference, referred: Referred): Promise<void> {
  const { image, referrer, ofReferrer, tag, tagged } = referred;
  await using source = await place.newImageSource();
  const referrersOf = async (subject: Digest): Promise<readonly (Digest | undefined)[][]> => {
    const found = await Array.fromAsync(source.getReferrers?.(subject) ?? []);
    return found.map((one) => [one.digest, one.tag] as (Digest | undefined)[]);
  };
  assert.deepEqual(await referrersOf(image.manifest.digest), [
    [referrer, undefined],
    [tagged, tag],
  ]);
  assert.deepEqual(await referrersOf(referrer), [[ofReferrer, undefined]]);
}

/** What a place promises of signatures and the like that come along with an image. */
export const referrerRequirements: readonly Requirement[] = [
  {
    id: "copy/referrers",
    promise: "what refers to an image goes in with it and comes out with it again",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers === true,
    async check({ freshReference }, abilities) {
      const referred = await referredTo("referrers", abilities);
      const [through, out] = [await freshReference(), memory().parseReference("out")];
      const { digest } = await copyAll(referred.reference, through);
      assert.equal(digest, referred.image.manifest.digest);
      await assertReferrers(through, referred);
      await copyAll(through, out);
      await assertReferrers(out, referred);
    },
  },
  {
    id: "copy/referrers-later",
    promise: "what refers to an image is brought to one that is there already, and not twice",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers === true,
    async check({ freshReference }, abilities) {
      const referred = await referredTo("referrers later", abilities);
      const place = await freshReference();
      await copyImage(referred.reference, place, { instances: "all" });
      const later = await copyAll(referred.reference, place);
      assert.equal(later.referrers, 3);
      await assertReferrers(place, referred);
      const again = await copyAll(referred.reference, place);
      assert.ok(again.alreadyThere, "it is brought once more");
    },
  },
  {
    id: "copy/referrers-unsupported",
    promise: "where there is no place for what refers to an image, its copy fails and leaves none",
    appliesTo: ({ writes, accepts }) => writes && accepts?.referrers !== true,
    async check({ freshReference }, abilities) {
      const { reference, image } = await referredTo("referrers refused", abilities);
      const to = await freshReference();
      await assertRejects("impossible-copy", () => copyAll(reference, to));
      await assertNoImage(to);
      await copyImage(reference, to, { instances: "all" });
      await assertPreserved(to, image, abilities);
    },
  },
];
