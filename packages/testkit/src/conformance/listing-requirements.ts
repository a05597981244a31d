import assert from "node:assert/strict";

import { digestOf, isImageError } from "@drayage/core";
import type { BlobLocation, Digest, ImageReference, ImageSource, ListedImage } from "@drayage/core";

import { destinationOf } from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { imageFor, storeImage } from "./sample-images.ts";

export const listingRequirements: readonly Requirement[] = [
  {
    id: "source/list-images",
    description: "the listing of a location has every image in it, and its references read them",
    appliesTo: ({ reads, listsImages }) => reads && listsImages,
    async check(subject, abilities) {
      const first = await storeImage(await imageFor(abilities, "listed"), subject);
      const references = [first];
      if (abilities.writes && subject.siblingOf !== undefined)
        references.push(
          await storeImage(await imageFor(abilities, "listed beside"), {
            ...subject,
            freshReference: async () => (await subject.siblingOf?.(first)) ?? first,
          }),
        );
      for (const reference of references) {
        await using listing = await reference.listImages?.();
        const images = listing?.images ?? [];
        const names = images.flatMap((image) => image.names);
        assert.equal(new Set(names).size, names.length, "a name selects several images");
        const listed = await Promise.all(images.map(listedDigest));
        for (const one of references)
          assert.ok(listed.includes(await storedDigest(one)), "an image is not listed");
      }
    },
  },
  {
    id: "destination/locate-blob",
    description: "the locations of blobs are plain data in one scope, and stay the same",
    appliesTo: ({ writes, locatesBlobs }) => writes && locatesBlobs,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "located");
      const reference = await subject.freshReference();
      const locate = async (): Promise<readonly (BlobLocation | undefined)[]> => {
        await using destination = await destinationOf(reference);
        return Array.from(image.blobs.keys(), (digest) => destination.locateBlob?.({ digest }));
      };
      const locations = await locate();
      assert.deepEqual(structuredClone(locations), locations);
      const scopes = locations.map((one) => JSON.stringify([one?.transport, one?.scope]));
      assert.equal(new Set(scopes).size, 1, "the blobs have different scopes");
      assert.deepEqual(await locate(), locations, "a blob has another location");
    },
  },
  {
    id: "destination/list-tags",
    description: "the tags of a repository are listed, each once",
    appliesTo: ({ writes, listsTags }, { siblingOf }) =>
      writes && listsTags && siblingOf !== undefined,
    async check(subject, abilities) {
      const { transport, siblingOf } = subject;
      const first = await storeImage(await imageFor(abilities, "tagged"), subject);
      const tagsOf = async (): Promise<readonly string[]> =>
        Array.fromAsync(transport.listTags?.(first) ?? []);
      const before = await tagsOf();
      const freshReference = async (): Promise<ImageReference> =>
        (await siblingOf?.(first)) ?? first;
      await storeImage(await imageFor(abilities, "tagged beside"), { ...subject, freshReference });
      const after = await tagsOf();
      assert.equal(new Set(after).size, after.length, "a tag is listed twice");
      assert.equal(after.length, before.length + 1, "a new tag is not listed");
      for (const tag of before) assert.ok(after.includes(tag), `the tag ${tag} is not listed`);
    },
  },
  {
    id: "destination/garbage",
    description: "garbage collection deletes nothing that an image needs",
    appliesTo: ({ writes, collectsGarbage }) => writes && collectsGarbage,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "needed");
      const reference = await storeImage(image, subject);
      for (const dryRun of [true, false])
        await unlessUnsupported(async () =>
          subject.transport.collectGarbage?.(reference, { dryRun, grace: 0 }),
        );
      await assertPreserved(reference, image, abilities);
    },
  },
];

/** The digest of the manifest, which the listed source and the listed reference both read. */
async function listedDigest(image: ListedImage): Promise<Digest> {
  const digest = await topDigest(await image.newImageSource());
  assert.equal(
    await storedDigest(image.reference),
    digest,
    "a listed reference reads another image",
  );
  return digest;
}

async function storedDigest(reference: ImageReference): Promise<Digest> {
  await using source = await reference.newImageSource();
  return await topDigest(source);
}

async function topDigest(source: ImageSource): Promise<Digest> {
  return digestOf((await source.getManifest()).bytes);
}

/** A store may be unable to collect garbage although others of its transport can. */
async function unlessUnsupported(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isImageError(error, "unsupported")) throw error;
  }
}
