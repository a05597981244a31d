import assert from "node:assert/strict";

import { digestOf } from "@drayage/core";
import type {
  DestinationAccepts,
  Digest,
  ImageDestination,
  ImageReference,
  RawManifest,
  ReuseManifestOptions,
} from "@drayage/core";
import { editManifest, isIndexMediaType, manifestMediaTypes } from "@drayage/core/manifest";

import { manifestOf } from "../random/assembled-image.ts";
import { descriptorOf } from "../random/whole-image.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { putBlobs, putImage, writeImage } from "../random/write-image.ts";
import {
  blobDescriptorOf,
  destinationOf,
  failureOf,
  freshBytes,
  inChunks,
  assertNoImage,
  assertReason,
  assertImage,
  assertRejects,
} from "./checks.ts";
import { assertPreserved } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { imageFor, indexFor, indexOrImageFor, acceptsType } from "./sample-images.ts";

const absentDigest = digestOf(Buffer.from("a manifest that is never written"));

/** Requirements for writing images. */
export const destinationRequirements: readonly Requirement[] = [
  {
    id: "destination/accepts",
    description: "accepts is plain data",
    async check(_, { accepts }) {
      assert.deepEqual(structuredClone(accepts), accepts);
      assert.ok(accepts && accepts.parallelBlobs >= 1, "accepts.parallelBlobs must be at least 1");
      assert.ok(accepts.signatures, "accepts.signatures must be true or the reason");
    },
  },
  {
    id: "destination/round-trip",
    description: "an image is read back byte for byte, including unknown fields and white space",
    appliesTo: ({ writes, preserves }) => writes && preserves === "everything",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = withUnknownFields(await imageFor(abilities, "round-trip"));
      await writeImage(image, reference);
      await assertImage(reference, image);
    },
  },
  {
    id: "destination/index",
    description: "an index is read back byte for byte with its instances",
    appliesTo: ({ writes, indexes }) => writes && indexes,
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const index = await indexFor(abilities, "index");
      await writeImage(index, reference);
      await assertImage(reference, index);
    },
  },
  {
    id: "destination/rejected-manifest",
    description:
      "a manifest of a type that is not accepted is manifest-rejected, and no image becomes visible",
    appliesTo: ({ writes, accepts }) => writes && rejectedBy(accepts).length > 0,
    async check({ freshReference }, abilities) {
      const image = await imageFor(abilities, "rejected");
      for (const mediaType of rejectedBy(abilities.accepts)) {
        const reference = await freshReference();
        await using destination = await destinationOf(reference);
        await putBlobs(image, destination);
        await assertRejects("manifest-rejected", async () => {
          await destination.putManifest(asType(mediaType, image));
          await destination.commit();
        });
        await assertNoImage(reference);
      }
    },
  },
  {
    id: "destination/invisible",
    description: "nothing is visible under the reference before commit",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "invisible");
      await using destination = await destinationOf(reference);
      await putImage(image, destination);
      await assertNoImage(reference);
      await destination.commit();
      await assertPreserved(reference, image, abilities);
    },
  },
  {
    id: "destination/dispose",
    description: "disposal without commit leaves the store unchanged",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const abandoned = await imageFor(abilities, "abandoned");
      const abandon = async (): Promise<void> => {
        await using destination = await destinationOf(reference);
        await putImage(abandoned, destination);
      };
      await abandon();
      await assertNoImage(reference);
      const kept = await imageFor(abilities, "kept");
      await writeImage(kept, reference);
      if (abilities.overwriting !== "refuses") await abandon();
      await assertPreserved(reference, kept, abilities);
    },
  },
  {
    id: "destination/overwrite",
    description: "a second image replaces the first under the same reference",
    appliesTo: ({ writes, overwriting }) => writes && overwriting !== "refuses",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      await writeImage(await indexOrImageFor(abilities, "first"), reference);
      const second = await imageFor(abilities, "second");
      await writeImage(second, reference);
      await assertPreserved(reference, second, abilities);
    },
  },
  {
    id: "destination/written-once",
    description: "a second image under the same reference fails with conflict, and the first stays",
    appliesTo: ({ writes, overwriting }) => writes && overwriting === "refuses",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const first = await imageFor(abilities, "first");
      await writeImage(first, reference);
      const second = await imageFor(abilities, "second");
      await assertRejects("conflict", () => writeImage(second, reference));
      await assertPreserved(reference, first, abilities);
    },
  },
  {
    id: "destination/aborted-before",
    description: "an operation with an aborted signal rejects with the reason and does nothing",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "aborted");
      const reason = new Error("aborted before");
      const options = { signal: AbortSignal.abort(reason) };
      await using destination = await destinationOf(reference);
      await putBlobs(image, destination);
      const [blob] = image.blobs.values();
      assert.ok(blob);
      for (const work of [
        () => destination.tryReusingBlob(blobDescriptorOf(blob), options),
        () => destination.putBlob(inChunks(freshBytes(10)), {}, options),
        () => destination.putManifest(image.manifest, options),
      ]) {
        assertReason(await failureOf(work), reason, "an operation with an aborted signal");
      }
      await destination.putManifest(image.manifest);
      assertReason(await failureOf(() => destination.commit(options)), reason, "commit");
      await assertNoImage(reference);
    },
  },
  {
    id: "destination/resolve",
    description:
      "resolve returns the digest of the manifest that the reference names, or undefined without an image",
    appliesTo: ({ resolves, overwriting }) => resolves && overwriting !== "refuses",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await indexOrImageFor(abilities, "resolve");
      const resolved = async (): Promise<Digest | undefined> => {
        await using destination = await destinationOf(reference);
        return await destination.resolve?.();
      };
      assert.equal(await resolved(), undefined, "before there is an image");
      await writeImage(image, reference);
      await using source = await reference.newImageSource();
      assert.equal(await resolved(), digestOf((await source.getManifest()).bytes));
    },
  },
  {
    id: "destination/reuse-manifest",
    description:
      "tryReusingManifest returns the manifests of a stored image and no others, and a reused manifest need not be put",
    appliesTo: ({ reusesManifests, preserves, overwriting }) =>
      reusesManifests && preserves === "everything" && overwriting !== "refuses",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await indexOrImageFor(abilities, "reused");
      const { digest } = image.manifest;
      const instances = image.instances.map((instance) => instance.digest);
      const inIndex = { index: digest };
      assert.deepEqual(await reusedAt(reference, [digest, ...instances]), []);
      await writeImage(image, reference);
      assert.deepEqual(await reusedAt(reference, instances, inIndex), instances);
      assert.deepEqual(await reusedAt(reference, [absentDigest]), []);
      await assertRestored(reference, image);
      await writeImage(await imageFor(abilities, "not reused"), reference);
      if ((await reusedAt(reference, [digest])).length > 0) await assertRestored(reference, image);
    },
  },
  {
    id: "destination/commit-needs-manifest",
    description: "a commit without a manifest fails with conflict, and no image becomes visible",
    async check({ freshReference }) {
      const reference = await freshReference();
      await using destination = await destinationOf(reference);
      await assertRejects("conflict", () => destination.commit());
      await assertNoImage(reference);
    },
  },
];

/** The digests of the manifests that a new destination reuses. */
async function reusedAt(
  reference: ImageReference,
  digests: readonly Digest[],
  options?: ReuseManifestOptions,
): Promise<readonly Digest[]> {
  await using destination = await destinationOf(reference);
  const reused = async (digest: Digest): Promise<readonly Digest[]> =>
    (await destination.tryReusingManifest?.(digest, options)) === undefined ? [] : [digest];
  return (await Promise.all(digests.map(reused))).flat();
}

/** Fails if the image is incomplete after a commit of its manifest alone. Applies only if all instances were reused. */
async function assertRestored(
  reference: ImageReference,
  { manifest, instances, ...image }: WholeImage,
): Promise<void> {
  await using destination = await destinationOf(reference);
  for (const { digest } of instances) {
    const reused = await destination.tryReusingManifest?.(digest, { index: manifest.digest });
    if (reused === undefined || reused.mustBePut) return;
  }
  if (instances.length === 0 && !(await isReused(destination, manifest.digest))) return;
  await destination.putManifest(manifest);
  await destination.commit();
  await assertImage(reference, { manifest, instances, ...image });
}

async function isReused(destination: ImageDestination, digest: Digest): Promise<boolean> {
  const reused = await destination.tryReusingManifest?.(digest);
  return reused !== undefined && !reused.mustBePut;
}

function rejectedBy(accepts: DestinationAccepts | undefined): readonly string[] {
  return manifestMediaTypes.filter((mediaType) => !acceptsType(accepts, mediaType));
}

/** The image in another format, or an index that lists only this image. */
function asType(mediaType: string, image: WholeImage): RawManifest {
  if (!isIndexMediaType(mediaType)) {
    return editManifest(image.manifest, { manifestMIMEType: mediaType });
  }
  const manifests = [{ ...descriptorOf(image), platform: { os: "linux", architecture: "amd64" } }];
  return manifestOf(mediaType, { manifests });
}

/** Adds an unknown field and unusual white space. */
function withUnknownFields(image: WholeImage): WholeImage {
  const text = Buffer.from(image.manifest.bytes).toString();
  const bytes = Buffer.from(text.replace("{", '{ "x-unknown" :\t[1, null, "é"],\n'));
  return { ...image, manifest: { ...image.manifest, bytes, digest: digestOf(bytes) } };
}
