import assert from "node:assert/strict";

import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { CopyEvent, ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";

import { randomArtifact } from "../random/random-artifact.ts";
import { randomImage } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import { firstImageOf } from "../random/whole-image.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { inMemory, putImage } from "../random/write-image.ts";
import {
  destinationOf,
  assertNoImage,
  assertImage,
  assertRejects,
  assertSameBytes,
} from "./checks.ts";
import { assertContent, assertLayers, assertPreserved, largestLayer } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage, takes } from "./sample-images.ts";

/** Aborts a copy at one of its events; false where it has fewer of them. */
async function abortedAt(
  moment: number,
  from: ImageReference,
  to: ImageReference,
): Promise<boolean> {
  const controller = new AbortController();
  const reason = new Error(`stopped at moment ${moment}`);
  let now = 0;
  const onEvent = ({ kind }: CopyEvent): void => {
    if (kind !== "done" && now++ === moment) controller.abort(reason);
  };
  const copy = copyImage(from, to, { signal: controller.signal, onEvent });
  const error = await copy.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  assert.equal(error, controller.signal.aborted ? reason : undefined);
  return controller.signal.aborted;
}

export const copyRequirements: readonly Requirement[] = [
  {
    id: "copy/round-trip",
    promise:
      "every kind of image that it accepts comes out again with the digests with which it went in",
    appliesTo: ({ writes, preserves }) => writes && preserves === "everything",
    async check({ freshReference }, { accepts }) {
      const compression = accepts?.layers === "decompress" ? "none" : "gzip";
      const kinds = [
        await randomImage("oci", { compression }),
        await randomImage("docker", { compression, format: "docker" }),
        await randomIndex("oci", { compression }),
        await randomIndex("docker", { compression, format: "docker" }),
        await randomIndex("nested", { compression, nested: true }),
        await randomArtifact("artifact"),
      ];
      const taken = kinds.filter(({ manifest, instances }) =>
        [manifest, ...instances].every(({ mediaType }) => takes(accepts, mediaType)),
      );
      assert.ok(taken.length > 0, "it accepts no kind of image at all");
      for (const image of taken) {
        const [through, out] = [await freshReference(), memory().parseReference("out")];
        const { digest } = await copyImage(await inMemory(image), through, { instances: "all" });
        assert.equal(digest, image.manifest.digest);
        await copyImage(through, out, { instances: "all" });
        await assertImage(out, image);
      }
    },
  },
  {
    id: "copy/content",
    promise:
      "an image of any format comes out again with its config and what is in its layers, however they were packed",
    appliesTo: ({ writes, preserves }) => writes && preserves !== "layers",
    async check({ freshReference }, { accepts }) {
      for (const image of [
        await randomImage("oci content", { compression: ["none", "gzip", "zstd"] }),
        await randomImage("docker content", { compression: ["none", "gzip"], format: "docker" }),
      ]) {
        const reference = await freshReference();
        await copyImage(await inMemory(image), reference);
        // A conversion to OCI writes the config anew (containers/image does the same).
        const isConverted =
          image.manifest.mediaType === mediaTypes.dockerManifest &&
          !takes(accepts, mediaTypes.dockerManifest);
        await (isConverted ? assertLayers : assertContent)(reference, image);
      }
    },
  },
  {
    id: "copy/reported-digest",
    promise: "a copy tells the digest of the manifest that is read there afterwards",
    async check({ freshReference }) {
      for (const compression of ["none", "gzip"] as const) {
        const image = await randomImage(`told ${compression}`, { compression, format: "docker" });
        const reference = await freshReference();
        const { digest, manifest } = await copyImage(await inMemory(image), reference);
        await using source = await reference.newImageSource();
        const { bytes } = await source.getManifest();
        assert.equal(digest, digestOf(bytes));
        assertSameBytes(bytes, manifest.bytes, "the manifest that the copy told of");
      }
    },
  },
  {
    id: "copy/again",
    promise: "copied again, an image that is there is found there, and nothing is sent",
    appliesTo: ({ writes, overwriting }) => writes && overwriting === "reuses",
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const from = await inMemory(await indexOrImageFor(abilities, "again"));
      await copyImage(from, reference, { instances: "all" });
      const { blobs } = await copyImage(from, reference, { instances: "all" });
      assert.equal(blobs.copied, 0);
    },
  },
  {
    id: "copy/aborted",
    promise:
      "an abort at any moment of a copy into it leaves no image and passes the reason through",
    async check({ freshReference }, abilities) {
      let moment = 0;
      for (let wasAborted = true; wasAborted; moment++) {
        const to = await freshReference();
        const seed = `aborted ${moment}`;
        const image = await imageFor(abilities, seed, { layers: 2, layerSize: 100_000 });
        wasAborted = await abortedAt(moment, await inMemory(image), to);
        await (wasAborted ? assertNoImage(to) : assertPreserved(to, image, abilities));
      }
      assert.ok(moment > 5, "a copy has more moments than that");
    },
  },
  {
    id: "copy/damaged",
    promise: "a blob that was damaged where it lies is noticed, and nothing is written elsewhere",
    appliesTo: ({ reads }, { damageBlob }) => reads && damageBlob !== undefined,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "damaged");
      const reference = await storeImage(image, subject);
      const [digest] = largestLayer(image);
      await subject.damageBlob?.(reference, digest);
      const out = memory().parseReference("out");
      await assertRejects("digest-mismatch", () => copyImage(reference, out));
      await assertNoImage(out);
    },
  },
  {
    id: "copy/parallel",
    promise:
      "many copies into one store at once, of images that share blobs, are all there at the end",
    appliesTo: ({ writes }, { siblingOf }) => writes && siblingOf !== undefined,
    async check({ freshReference, siblingOf }, abilities) {
      const first = await freshReference();
      const references = [first];
      while (references.length < 8) {
        const sibling = await siblingOf?.(first);
        assert.ok(sibling);
        references.push(sibling);
      }
      const images = await Promise.all(
        references.map(async (_, at) => imageFor(abilities, `parallel ${Math.floor(at / 2)}`)),
      );
      const sources = await Promise.all(images.map(inMemory));
      await Promise.all(references.map(async (to, at) => copyImage(sources[at] ?? first, to)));
      for (const [at, reference] of references.entries()) {
        const image = images[at];
        assert.ok(image);
        await assertPreserved(reference, image, abilities);
      }
    },
  },
  {
    id: "copy/one-platform",
    promise: "of an index, the image for one platform is copied where all of them cannot be",
    appliesTo: ({ writes, indexes, preserves }) => writes && !indexes && preserves !== "layers",
    async check({ freshReference }) {
      const reference = await freshReference();
      const index = await randomIndex("one of many");
      const from = await inMemory(index);
      await assertRejects("impossible-copy", () =>
        copyImage(from, reference, { instances: "all" }),
      );
      await assertNoImage(reference);
      await copyImage(from, reference, { platform: { os: "linux", architecture: "amd64" } });
      await assertContent(reference, firstImageOf(index));
    },
  },
  {
    id: "copy/signed",
    promise: "a signed image is not copied to where signatures cannot be kept, unless without them",
    appliesTo: ({ writes, accepts }) => writes && accepts?.signatures !== true,
    async check({ freshReference }, abilities) {
      const reference = await freshReference();
      const image = await imageFor(abilities, "signed");
      const from = await signedInMemory(image);
      await assertRejects("impossible-copy", () => copyImage(from, reference));
      await assertNoImage(reference);
      await copyImage(from, reference, { removeSignatures: true });
      await assertPreserved(reference, image, abilities);
    },
  },
];

async function signedInMemory(image: WholeImage): Promise<ImageReference> {
  const reference = memory().parseReference("signed");
  await using destination = await destinationOf(reference);
  await putImage(image, destination);
  await destination.putSignatures?.([{ kind: "simple-signing", bytes: Buffer.from([0xa3]) }]);
  await destination.commit();
  return reference;
}
