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
import { assertContent, assertLayers, assertPreserved, biggestLayer } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage, acceptsType } from "./sample-images.ts";

/** Copies and aborts at the event with this number. False if the copy has fewer events. */
async function abortedAt(
  eventNumber: number,
  from: ImageReference,
  to: ImageReference,
): Promise<boolean> {
  const controller = new AbortController();
  const reason = new Error(`aborted at event ${eventNumber}`);
  let count = 0;
  const onEvent = ({ kind }: CopyEvent): void => {
    if (kind !== "done" && count++ === eventNumber) controller.abort(reason);
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
    description:
      "a copy into the store and back preserves the digests of every accepted kind of image",
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
      const accepted = kinds.filter(({ manifest, instances }) =>
        [manifest, ...instances].every(({ mediaType }) => acceptsType(accepts, mediaType)),
      );
      assert.ok(accepted.length > 0, "the destination accepts no kind of image");
      for (const image of accepted) {
        const [stored, out] = [await freshReference(), memory().parseReference("out")];
        const { digest } = await copyImage(await inMemory(image), stored, { instances: "all" });
        assert.equal(digest, image.manifest.digest);
        await copyImage(stored, out, { instances: "all" });
        await assertImage(out, image);
      }
    },
  },
  {
    id: "copy/digest-algorithm",
    description:
      "an image and an index whose configs, layers and manifests have sha512 digests keep them in a copy into the store and back",
    appliesTo: ({ writes, preserves }, { digestAlgorithms = ["sha256", "sha512"] }) =>
      writes && preserves === "everything" && digestAlgorithms.includes("sha512"),
    async check({ freshReference, recordsDigest = true }, { accepts, indexes, overwriting }) {
      const options = { digestAlgorithm: "sha512", layers: 2 } as const;
      const format = acceptsType(accepts, mediaTypes.ociManifest) ? "oci" : "docker";
      const images: WholeImage[] = [await randomImage("sha512", { ...options, format })];
      if (indexes) images.push(await randomIndex("sha512", { ...options, format }));
      for (const image of images) {
        const [stored, out] = [await freshReference(), memory().parseReference("out")];
        const { digest } = await copyImage(await inMemory(image), stored, { instances: "all" });
        assert.equal(digest, image.manifest.digest);
        const back = await copyImage(stored, out, { instances: "all" });
        const { bytes, digest: expected } = image.manifest;
        assert.equal(back.sourceDigest, recordsDigest ? expected : digestOf(bytes));
        await assertImage(out, image);
        if (overwriting !== "reuses") continue;
        const again = await copyImage(await inMemory(image), stored, { instances: "all" });
        assert.equal(again.digest, image.manifest.digest);
        assert.equal(again.blobs.copied, 0);
      }
    },
  },
  {
    id: "copy/content",
    description:
      "a copy into the store preserves the config and the uncompressed layers of an image of any format",
    appliesTo: ({ writes, preserves }) => writes && preserves !== "layers",
    async check({ freshReference }, { accepts }) {
      for (const image of [
        await randomImage("oci content", { compression: ["none", "gzip", "zstd"] }),
        await randomImage("docker content", { compression: ["none", "gzip"], format: "docker" }),
      ]) {
        const reference = await freshReference();
        await copyImage(await inMemory(image), reference);
        // A conversion to OCI serialises the config again, like containers/image.
        const isConverted =
          image.manifest.mediaType === mediaTypes.dockerManifest &&
          !acceptsType(accepts, mediaTypes.dockerManifest);
        await (isConverted ? assertLayers : assertContent)(reference, image);
      }
    },
  },
  {
    id: "copy/reported-digest",
    description: "a copy returns the digest of the manifest that the store returns afterwards",
    async check({ freshReference }) {
      for (const compression of ["none", "gzip"] as const) {
        const image = await randomImage(`reported ${compression}`, {
          compression,
          format: "docker",
        });
        const reference = await freshReference();
        const { digest, manifest } = await copyImage(await inMemory(image), reference);
        await using source = await reference.newImageSource();
        const { bytes } = await source.getManifest();
        assert.equal(digest, digestOf(bytes));
        assertSameBytes(bytes, manifest.bytes, "the manifest that the copy returned");
      }
    },
  },
  {
    id: "copy/again",
    description: "a second copy of the same image sends no blob",
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
    description: "an abort at any event of a copy leaves no image and rejects with the reason",
    async check({ freshReference }, abilities) {
      let event = 0;
      for (let wasAborted = true; wasAborted; event++) {
        const to = await freshReference();
        const seed = `aborted ${event}`;
        const image = await imageFor(abilities, seed, { layers: 2, layerSize: 100_000 });
        wasAborted = await abortedAt(event, await inMemory(image), to);
        await (wasAborted ? assertNoImage(to) : assertPreserved(to, image, abilities));
      }
      assert.ok(event > 5, "expected more than five events in a copy");
    },
  },
  {
    id: "copy/damaged",
    description: "a copy of a damaged blob fails with digest-mismatch and leaves no image",
    appliesTo: ({ reads }, { damageBlob }) => reads && damageBlob !== undefined,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "damaged");
      const reference = await storeImage(image, subject);
      const [digest] = biggestLayer(image);
      await subject.damageBlob?.(reference, digest);
      const out = memory().parseReference("out");
      await assertRejects("digest-mismatch", () => copyImage(reference, out));
      await assertNoImage(out);
    },
  },
  {
    id: "copy/parallel",
    description: "parallel copies of images with common blobs into one store are all complete",
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
    description: "a store without indexes accepts the image for one platform of an index",
    appliesTo: ({ writes, indexes, preserves }) => writes && !indexes && preserves !== "layers",
    async check({ freshReference }) {
      const reference = await freshReference();
      const index = await randomIndex("one platform");
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
    description:
      "a signed image is copied to a store without signatures only with removeSignatures",
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
