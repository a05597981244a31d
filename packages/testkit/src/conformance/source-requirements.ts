import assert from "node:assert/strict";

import { digestOf, imageOf } from "@drayage/core";
import type { Digest, ImageReference, ImageSource, Signature } from "@drayage/core";
import { verifyImage } from "@drayage/core/verify";

import type { WholeImage } from "../random/whole-image.ts";
import { putImage } from "../random/write-image.ts";
import {
  blobOf,
  collected,
  destinationOf,
  failureOf,
  assertNoImage,
  assertReason,
  assertRejects,
  assertSameBytes,
  usedAtOnce,
} from "./checks.ts";
import { assertPreserved, largestLayer } from "./content.ts";
import type { Abilities, Requirement, TransportUnderTest } from "./requirement.ts";
import { imageFor, indexOrImageFor, storeImage } from "./sample-images.ts";

const nowhere: Digest = digestOf(Buffer.from("a blob that nobody stores"));

interface Stored {
  readonly reference: ImageReference;
  readonly image: WholeImage;
  readonly source: ImageSource;
}

const reads = (abilities: Abilities): boolean => abilities.reads;

/** For checks of how a blob is read: larger than any chunk, and than what buffers on the way hold. */
const manyChunks = 3_000_000;

/** An image in a fresh place, and its source open while the work goes on. */
async function withStored(
  subject: TransportUnderTest,
  abilities: Abilities,
  work: (stored: Stored) => Promise<void>,
  layerSize = 4096,
): Promise<void> {
  const image = await imageFor(abilities, "stored", { layers: 2, layerSize });
  const reference = await storeImage(image, subject);
  await using source = await reference.newImageSource();
  await work({ reference, image, source });
}

export const sourceRequirements: readonly Requirement[] = [
  {
    id: "source/not-found",
    promise: "an image that is not there is not-found, when it is opened or when it is first read",
    appliesTo: () => true,
    async check({ freshReference }) {
      await assertNoImage(await freshReference());
    },
  },
  {
    id: "source/whole",
    promise: "an image that is there is read as it was given, an index with all its instances",
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
    promise: "a source names the reference that it was opened by",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(subject, abilities, async ({ source, reference }) => {
        assert.equal(source.reference.stringWithinTransport, reference.stringWithinTransport);
      }),
  },
  {
    id: "source/offers",
    promise: "what it offers is plain data, and reading from this machine costs no requests",
    appliesTo: reads,
    async check(_, { offers }) {
      assert.deepEqual(structuredClone(offers), offers);
      assert.ok(offers && offers.parallelBlobs >= 1, "it reads no blob at all");
      if (offers.isLocal) assert.equal(offers.requests, undefined, "isLocal with requests");
    },
  },
  {
    id: "source/missing-parts",
    promise:
      "a blob or an instance that is not there is not-found; asking for a blob without reading it is nothing",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(subject, abilities, async ({ source }) => {
        source.getBlob({ digest: nowhere });
        await assertRejects("not-found", () => blobOf(source, nowhere));
        await assertRejects("not-found", () => source.getManifest(nowhere));
      }),
  },
  {
    id: "source/stat-blob",
    promise:
      "statBlob returns the size and the digest that a blob has, and undefined for one that is absent",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(subject, abilities, async ({ source, image }) => {
        for (const [digest, { byteLength: size }] of image.blobs) {
          const found = await source.statBlob?.({ digest, size });
          if (source.statBlob !== undefined) assert.equal(found?.size, size);
          if (found?.digest !== undefined) assert.equal(found.digest, digest);
          if (source.offers.storedDigests) assert.ok(found, "storedDigests without statBlob");
        }
        assert.equal(await source.statBlob?.({ digest: nowhere }), undefined);
      }),
  },
  {
    id: "source/verified",
    promise: "an image that is there is proven, with all that belongs to it",
    appliesTo: reads,
    async check(subject, abilities) {
      const image = await indexOrImageFor(abilities, "proven");
      const { read, stored, problems } = await verifyImage(await storeImage(image, subject));
      assert.deepEqual(problems, []);
      assert.equal(read.count + stored.count, image.blobs.size);
    },
  },
  {
    id: "source/damaged-blob",
    promise: "a blob that was damaged where it lies is told, and the others are proven",
    appliesTo: (abilities, { damageBlob }) => abilities.reads && damageBlob !== undefined,
    async check(subject, abilities) {
      const image = await imageFor(abilities, "damage that is told");
      const reference = await storeImage(image, subject);
      const [digest] = largestLayer(image);
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
    id: "source/partial-read",
    promise: "a blob of which only the beginning is read does no harm to the next",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = largestLayer(image);
          for (let round = 0; round < 20; round++) {
            for await (const chunk of source.getBlob({ digest })) {
              assertSameBytes(chunk, bytes.subarray(0, chunk.byteLength), "the first chunk");
              break;
            }
          }
          assertSameBytes(await blobOf(source, digest), bytes, "the blob after that");
        },
        manyChunks,
      ),
  },
  {
    id: "source/parallel-blobs",
    promise: "as many blobs as it says can be read at once",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = largestLayer(image);
          const readers = Array.from({ length: abilities.offers?.parallelBlobs ?? 1 });
          const read = await Promise.all(readers.map(async () => blobOf(source, digest)));
          for (const one of read)
            assertSameBytes(one, bytes, "a blob read at the same time as others");
        },
        1_000_000,
      ),
  },
  {
    id: "source/reused-buffers",
    promise:
      "with reuseBuffers a chunk stays intact until the next is requested, also while others read",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(
        subject,
        abilities,
        async ({ source }) => {
          const { layerInfos } = await imageOf(source);
          await Promise.all(
            [...layerInfos, ...layerInfos].map(async ({ digest }) => {
              const found = await usedAtOnce(source.getBlob({ digest }, { reuseBuffers: true }));
              assert.equal(found, digest, "other bytes than the blob has");
            }),
          );
        },
        1_000_000,
      ),
  },
  {
    id: "source/ranges",
    promise: "a range is those bytes and no others, to the end where it names none",
    appliesTo: ({ offers }) => offers?.ranges === true,
    check: (subject, abilities) =>
      withStored(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = largestLayer(image);
          const last = bytes.byteLength - 1;
          for (const [start, end] of [
            [0, 0],
            [0, last],
            [1, 70_000],
            [1_000_000, 2_500_000],
            [last, last],
          ] as const) {
            const part = await blobOf(source, digest, { start, end });
            assertSameBytes(part, bytes.subarray(start, end + 1), `the range ${start}-${end}`);
          }
          const rest = await blobOf(source, digest, { start: 1_234_567 });
          assertSameBytes(rest, bytes.subarray(1_234_567), "the range to the end");
        },
        manyChunks,
      ),
  },
  {
    id: "source/aborted-before",
    promise: "reading with a signal that is aborted already rejects with the reason",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(subject, abilities, async ({ source, image, reference }) => {
        const reason = new Error("never");
        const options = { signal: AbortSignal.abort(reason) };
        const [digest] = largestLayer(image);
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
    id: "source/aborted-read",
    promise:
      "after an abort in the middle of a blob the next chunk is not read: getBlob rejects with signal.reason",
    appliesTo: reads,
    check: (subject, abilities) =>
      withStored(
        subject,
        abilities,
        async ({ source, image }) => {
          const [digest, bytes] = largestLayer(image);
          const controller = new AbortController();
          const reason = new Error("enough");
          const { signal } = controller;
          const chunks = source.getBlob({ digest }, { signal })[Symbol.asyncIterator]();
          const first = await chunks.next();
          assert.ok(first.done !== true && first.value.byteLength > 0, "the first chunk is empty");
          controller.abort(reason);
          if (first.value.byteLength === bytes.byteLength) return;
          const next = async (): Promise<void> => {
            const { done } = await chunks.next();
            const went = done === true ? "ended" : "went on";
            assert.fail(
              `getBlob ${went} after an abort: check options.signal before each chunk, and reject with signal.reason`,
            );
          };
          assertReason(await failureOf(next), reason, "getBlob after an abort");
        },
        manyChunks,
      ),
  },
  {
    id: "source/signatures",
    promise: "signatures are read back as they were put, of the image and of nothing else",
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
      const signed = async (given: readonly Signature[]): Promise<ImageReference> => {
        const reference = await freshReference();
        await using destination = await destinationOf(reference);
        await putImage(await imageFor(abilities, "signed"), destination);
        await destination.putSignatures?.(given);
        await destination.commit();
        return reference;
      };
      for (const given of [signatures, []]) {
        await using source = await (await signed(given)).newImageSource();
        assert.deepEqual(plain((await source.getSignatures?.()) ?? []), plain(given));
      }
    },
  },
];

/** Signatures that are equal whichever class of `Uint8Array` holds their bytes. */
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
