import { digestOf, ImageError } from "@drayage/core";
import type { Digest, Signature } from "@drayage/core";

import { biggestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory, corrupted } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

const isDifferent = /differs/;

export const sourceDetails: Details = {
  "source/offers": {
    "reads no blob": [
      () =>
        alteredMemory({ source: ({ offers }) => ({ offers: { ...offers, parallelBlobs: 0 } }) }),
      /parallelBlobs must be at least 1/,
    ],
  },
  "source/missing-parts": {
    "fails in getBlob for an absent blob": [
      () =>
        alteredMemory({
          source: ({ getBlob }) => ({
            getBlob(blob, options) {
              if (blob.digest === digestOf(Buffer.from("a blob that is never stored")))
                throw new ImageError("not-found", "too early");
              return getBlob(blob, options);
            },
          }),
        }),
      /too early/,
    ],
    "returns another manifest for an absent instance": [
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
    "returns undefined for a stored blob": [
      () => alteredMemory({ source: () => ({ statBlob: async () => undefined }) }),
      /strictly equal/,
    ],
    "offers stored digests without the method": [
      () => alteredMemory({ source: () => ({ statBlob: undefined as never }) }),
      /offers.storedDigests needs statBlob/,
    ],
  },
  "source/verified": {
    "returns another complete image": [
      async () => {
        const { manifest, instances } = await randomIndex("verified");
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
    "returns a manifest with only the damaged layer": [
      async () => {
        const image = await randomImage("damaged blob", { compression: "gzip" });
        const [digest] = biggestLayer(image);
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
    "corrupts the first chunk of a partial read": [
      () => corruptingReads((read) => read <= 20),
      /the first chunk differs/,
    ],
    "corrupts the blob after partial reads": [
      () => corruptingReads((read) => read > 20),
      /the blob after partial reads differs/,
    ],
  },
  "source/parallel-blobs": {
    "corrupts a blob for its second reader": [
      () => corruptingReads((read) => read === 2),
      isDifferent,
    ],
  },
  "source/aborted-read": {
    "returns an empty first chunk": [
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
    "returns no chunk": [
      () => alteredMemory({ source: () => ({ async *getBlob() {} }) }),
      /the first chunk is empty/,
    ],
    "ignores an aborted signal": [
      () =>
        alteredMemory({
          source: ({ getBlob }) => ({ getBlob: (blob) => getBlob(blob) }),
        }),
      /expected to reject with signal.reason itself, got AssertionError.*continued/,
    ],
  },
  "source/signatures": {
    "returns the signatures of another image": [
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

/** Corrupts the reads of a source that `isCorrupt` selects, counted from one. */
function corruptingReads(isCorrupt: (read: number) => boolean): TransportUnderTest {
  return alteredMemory({
    source({ getBlob }) {
      let read = 0;
      return {
        async *getBlob(blob, options) {
          const isWrong = isCorrupt(++read);
          for await (const chunk of getBlob(blob, options)) {
            yield isWrong ? corrupted(chunk) : chunk;
          }
        },
      };
    },
  });
}

/** The manifest without its other layers. */
function withLayer(bytes: Uint8Array, digest: Digest) {
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as {
    mediaType: string;
    layers: { digest: string }[];
  };
  const layers = manifest.layers.filter((layer) => layer.digest === digest);
  const text = JSON.stringify({ ...manifest, layers });
  return { bytes: Buffer.from(text), mediaType: manifest.mediaType };
}
