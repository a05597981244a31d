import { digestOf, ImageError } from "@drayage/core";
import type { Digest, Signature } from "@drayage/core";

import { largestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory, falsified } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

const otherBytes = /has other bytes/;

export const sourceDetails: Details = {
  "source/offers": {
    "reads no blob": [
      () =>
        alteredMemory({ source: ({ offers }) => ({ offers: { ...offers, parallelBlobs: 0 } }) }),
      /no blob at all/,
    ],
  },
  "source/missing-parts": {
    "fails before a blob that is absent is read": [
      () =>
        alteredMemory({
          source: ({ getBlob }) => ({
            getBlob(blob, options) {
              if (blob.digest === digestOf(Buffer.from("a blob that nobody stores")))
                throw new ImageError("not-found", "too early");
              return getBlob(blob, options);
            },
          }),
        }),
      /too early/,
    ],
    "reads an instance that is absent": [
      () =>
        alteredMemory({
          source: ({ getManifest }) => ({
            getManifest: async (instance, options) =>
              getManifest(instance, options).catch(async () => getManifest()),
          }),
        }),
      /^expected a rejection/,
    ],
  },
  "source/stat-blob": {
    "returns another size": [() => statting({ size: 1 }), /strictly equal/],
    "returns another digest": [
      () => statting({ digest: digestOf(Buffer.from("another")) }),
      /strictly equal/,
    ],
    "returns nothing of a blob that it has": [
      () => alteredMemory({ source: () => ({ statBlob: async () => undefined }) }),
      /strictly equal/,
    ],
    "offers stored digests without the method": [
      () => alteredMemory({ source: () => ({ statBlob: undefined as never }) }),
      /storedDigests without statBlob/,
    ],
  },
  "source/verified": {
    "has another image, which is whole": [
      async () => {
        const { manifest, instances } = await randomIndex("proven");
        const top = digestOf(manifest.bytes);
        return alteredMemory({
          source: ({ getManifest }) => ({
            async getManifest(instance, options) {
              const found = await getManifest(instance, options);
              return digestOf(found.bytes) === top ? getManifest(instances[0]?.digest) : found;
            },
          }),
        });
      },
      /strictly equal/,
    ],
  },
  "source/damaged-blob": {
    "has another image after the damage, with the same damaged layer alone": [
      async () => {
        const image = await randomImage("damage that is told", { compression: "gzip" });
        const [digest] = largestLayer(image);
        let isDamaged = false;
        return alteredMemory({
          subject: ({ damageBlob }) => ({
            async damageBlob(...given) {
              isDamaged = true;
              await damageBlob?.(...given);
            },
          }),
          source: ({ getManifest }) => ({
            async getManifest(instance, options) {
              const found = await getManifest(instance, options);
              return isDamaged ? withLayer(found.bytes, digest) : found;
            },
          }),
        });
      },
      /strictly equal/,
    ],
  },
  "source/partial-read": {
    "falsifies the first chunk while a blob is left early": [
      () => readingOnce((time) => time <= 20),
      /the first chunk has other bytes/,
    ],
    "falsifies the blob after it was left early": [
      () => readingOnce((time) => time > 20),
      /the blob after that has other bytes/,
    ],
  },
  "source/parallel-blobs": {
    "falsifies a blob for its second reader": [() => readingOnce((time) => time === 2), otherBytes],
  },
  "source/aborted-read": {
    "begins with an empty chunk": [
      () =>
        alteredMemory({
          source: ({ getBlob }) => ({
            async *getBlob(blob, options) {
              options?.signal?.throwIfAborted();
              yield new Uint8Array(0);
              yield* getBlob(blob, options);
            },
          }),
        }),
      /the first chunk is empty/,
    ],
    "reads nothing": [
      () => alteredMemory({ source: () => ({ async *getBlob() {} }) }),
      /the first chunk is empty/,
    ],
    "goes on after an abort": [
      () =>
        alteredMemory({
          source: ({ getBlob }) => ({ getBlob: (blob) => getBlob(blob) }),
        }),
      /expected to reject with signal.reason itself, got AssertionError.*went on/,
    ],
  },
  "source/signatures": {
    "has the signatures of an image under another": [
      () => {
        const put: Signature[] = [];
        return alteredMemory({
          destination: ({ putSignatures }) => ({
            async putSignatures(signatures, ...rest) {
              put.push(...signatures);
              await putSignatures(signatures, ...rest);
            },
          }),
          source: () => ({ getSignatures: async () => put }),
        });
      },
      /deep-equal/,
    ],
  },
};

function statting(wrong: { readonly size?: number; readonly digest?: Digest }): TransportUnderTest {
  return alteredMemory({
    source: ({ statBlob }) => ({
      async statBlob(...given) {
        const found = await statBlob(...given);
        return found && { ...found, ...wrong };
      },
    }),
  });
}

/** Falsifies what certain readers of a blob get, counted from one; those of one source. */
function readingOnce(isFalse: (time: number) => boolean): TransportUnderTest {
  return alteredMemory({
    source({ getBlob }) {
      let time = 0;
      return {
        async *getBlob(blob, options) {
          const isWrong = isFalse(++time);
          for await (const chunk of getBlob(blob, options)) {
            yield isWrong ? falsified(chunk) : chunk;
          }
        },
      };
    },
  });
}

/** The manifest with this layer only. */
function withLayer(bytes: Uint8Array, digest: Digest) {
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as {
    mediaType: string;
    layers: { digest: string }[];
  };
  const layers = manifest.layers.filter((layer) => layer.digest === digest);
  const text = JSON.stringify({ ...manifest, layers });
  return { bytes: Buffer.from(text), mediaType: manifest.mediaType };
}
