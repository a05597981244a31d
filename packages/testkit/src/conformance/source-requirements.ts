import assert from "node:assert/strict";

import { digestOf } from "@drayage/core";
import type { Digest, ImageReference, Signature } from "@drayage/core";
import { verifyImage } from "@drayage/core/verify";

import { putImage } from "../random/write-image.ts";
import {
  assertNoImage,
  assertReason,
  assertRejects,
  blobOf,
  collected,
  destinationOf,
  failureOf,
} from "./checks.ts";
import { assertPreserved, biggestLayer } from "./content.ts";
import type { Requirement } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage } from "./sample-images.ts";
import { reads, withStoredImage } from "./stored-image.ts";

const absentDigest: Digest = digestOf(Buffer.from("a blob that is never stored"));

/** Requirements for reading images. */
export const sourceRequirements: readonly Requirement[] = [
  {
    id: "source/not-found",
    description: "an absent image is not-found, on opening the source or on reading the manifest",
    appliesTo: () => true,
    async check({ freshReference }) {
      await assertNoImage(await freshReference());
    },
  },
  {
    id: "source/whole",
    description: "a stored image is read back, an index with all its instances",
    appliesTo: reads,
    async check(subject, abilities) {
      for (const image of [
        await imageFor(abilities, "whole"),
        await indexOrImageFor(abilities, "whole index"),
      ]) {
        await assertPreserved(await storeImage(image, subject), image, abilities);
      }
    },
  },
  {
    id: "source/reference",
    description: "a source has the reference that opened it",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(subject, abilities, async ({ source, reference }) => {
        assert.equal(source.reference.stringWithinTransport, reference.stringWithinTransport);
      }),
  },
  {
    id: "source/offers",
    description: "offers is plain data, and a local source declares no requests",
    appliesTo: reads,
    async check(_, { offers }) {
      assert.deepEqual(structuredClone(offers), offers);
      assert.ok(offers && offers.parallelBlobs >= 1, "offers.parallelBlobs must be at least 1");
      if (offers.isLocal)
        assert.equal(offers.requests, undefined, "a local source declares requests");
    },
  },
  {
    id: "source/missing-parts",
    description: "reading an absent blob or instance is not-found; getBlob itself does not fail",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(subject, abilities, async ({ source }) => {
        source.getBlob({ digest: absentDigest });
        await assertRejects("not-found", () => blobOf(source, absentDigest));
        await assertRejects("not-found", () => source.getManifest(absentDigest));
      }),
  },
  {
    id: "source/stat-blob",
    description:
      "statBlob returns the size and the digest of a blob, or undefined for an absent blob",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(subject, abilities, async ({ source, image }) => {
        for (const [digest, { byteLength: size }] of image.blobs) {
          const found = await source.statBlob?.({ digest, size });
          if (source.statBlob !== undefined) assert.equal(found?.size, size);
          if (found?.digest !== undefined) assert.equal(found.digest, digest);
          if (source.offers.storedDigests)
            assert.ok(found, "a source with offers.storedDigests needs statBlob");
        }
        assert.equal(await source.statBlob?.({ digest: absentDigest }), undefined);
      }),
  },
  {
    id: "source/verified",
    description: "verifyImage verifies a stored image with all its blobs",
    appliesTo: reads,
    async check(subject, abilities) {
      const image = await indexOrImageFor(abilities, "verified");
      const { read, stored, problems } = await verifyImage(await storeImage(image, subject));
      assert.deepEqual(problems, []);
      assert.equal(read.count + stored.count, image.blobs.size);
    },
  },
  {
    id: "source/damaged-blob",
    description: "verifyImage reports a damaged blob and verifies the others",
    appliesTo: (abilities, { damageBlob }) => abilities.reads && damageBlob !== undefined,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "damaged blob");
      const reference = await storeImage(image, subject);
      const [digest] = biggestLayer(image);
      await subject.damageBlob?.(reference, digest);
      const { read, problems } = await verifyImage(reference, { readAll: true });
      assert.deepEqual(
        problems.map((problem) => problem.digest),
        [digest],
      );
      assert.equal(read.count, image.blobs.size - 1);
    },
  },
  {
    id: "source/aborted-before",
    description: "reading with an aborted signal rejects with the reason",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStoredImage(subject, abilities, async ({ source, image, reference }) => {
        const reason = new Error("aborted before");
        const options = { signal: AbortSignal.abort(reason) };
        const [digest] = biggestLayer(image);
        const opened = async (): Promise<void> => {
          await using aborted = await reference.newImageSource(options);
          await aborted.getManifest(undefined, options);
        };
        assertReason(await failureOf(opened), reason, "opening a source and reading its manifest");
        const read = (): Promise<Uint8Array> => collected(source.getBlob({ digest }, options));
        assertReason(await failureOf(read), reason, "reading a blob");
      }),
  },
  {
    id: "source/signatures",
    description: "signatures are read back unchanged, and an unsigned image has none",
    appliesTo: ({ accepts }) => accepts?.signatures === true,
    async check({ freshReference }, abilities) {
      const signatures: readonly Signature[] = [
        { kind: "simple-signing", bytes: Buffer.from([0xa3, 1, 2, 3]) },
        {
          kind: "sigstore",
          mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
          payload: Buffer.from("{}"),
          annotations: { "dev.cosignproject.cosign/signature": "MEUC" },
        },
      ];
      const imageSignedWith = async (given: readonly Signature[]): Promise<ImageReference> => {
        const reference = await freshReference();
        await using destination = await destinationOf(reference);
        await putImage(await imageFor(abilities, "signed"), destination);
        await destination.putSignatures?.(given);
        await destination.commit();
        return reference;
      };
      for (const given of [signatures, []]) {
        await using source = await (await imageSignedWith(given)).newImageSource();
        assert.deepEqual(plain((await source.getSignatures?.()) ?? []), plain(given));
      }
    },
  },
];

/** Signatures with hexadecimal text, because `Buffer` and `Uint8Array` are not deeply equal. */
function plain(signatures: readonly Signature[]): readonly unknown[] {
  return signatures.map((signature) =>
    signature.kind === "sigstore"
      ? { ...signature, payload: hexOfBytes(signature.payload) }
      : { ...signature, bytes: hexOfBytes(signature.bytes) },
  );
}

function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
