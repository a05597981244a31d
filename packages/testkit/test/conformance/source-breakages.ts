import { ImageError } from "@drayage/core";
import type { Digest, ImageSource } from "@drayage/core";

import { biggestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";
import { corrupting } from "./corrupting-memory.ts";

export const sourceBreakages: Breakages = {
  "source/not-found": {
    "reports an absent image as unavailable": () => {
      const opened = new Set<string>();
      return alteredMemory({
        reference: ({ stringWithinTransport: name, newImageSource, newImageDestination }) => ({
          async newImageSource(options) {
            if (opened.has(name)) return newImageSource(options);
            throw new ImageError("unavailable", "The store does not respond");
          },
          async newImageDestination(options) {
            opened.add(name);
            return newImageDestination(options);
          },
        }),
      });
    },
  },
  "source/whole": {
    "returns a corrupt instance": async () => {
      const [instance] = (await randomIndex("whole index")).instances;
      return corrupting(known(instance).digest);
    },
    "returns a corrupt layer": async () =>
      corrupting(biggestLayer(await randomImage("whole", { compression: "gzip" }))[0]),
  },
  "source/reference": {
    "has a source with another reference": () =>
      alteredMemory({
        source: (_, { transport }) => ({ reference: transport.parseReference("another") }),
      }),
  },
  "source/offers": {
    "has a method among its offers": () =>
      alteredMemory({
        source: ({ offers }) => ({ offers: Object.assign({}, offers, { go() {} }) }),
      }),
    "declares requests of a local source": () =>
      alteredMemory({
        source: ({ offers }) => ({
          offers: { ...offers, isLocal: true, requests: { perBlob: 1, perManifest: 1 } },
        }),
      }),
  },
  "source/missing-parts": {
    "returns an absent blob as empty": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          async *getBlob(blob, options) {
            try {
              yield* getBlob(blob, options);
            } catch (error) {
              options?.signal?.throwIfAborted();
              if (!(error instanceof ImageError)) throw error;
            }
          },
        }),
      }),
  },
  "source/stat-blob": {
    "returns the digest of an absent blob": () =>
      alteredMemory({
        source: ({ statBlob }) => ({
          statBlob: async (blob) =>
            (await statBlob(blob)) ?? { digest: blob.digest as Digest, size: 0 },
        }),
      }),
  },
  "source/verified": {
    "returns a corrupt blob": async () => {
      const [digest] = (await randomIndex("verified")).blobs.keys();
      return alteredMemory({
        source: ({ statBlob, getBlob }) => ({
          async statBlob(blob) {
            const stored = await statBlob(blob);
            return blob.digest === digest ? stored && { size: stored.size } : stored;
          },
          async *getBlob(blob, options) {
            for await (const chunk of getBlob(blob, options)) {
              yield blob.digest === digest ? new Uint8Array(chunk.byteLength) : chunk;
            }
          },
        }),
      });
    },
  },
  "source/damaged-blob": {
    "does not notice damage in its store": () => stale("damaged blob"),
  },
  "source/partial-read": {
    "does not close partially read blobs and opens at most ten": () =>
      alteredMemory({
        source({ getBlob }) {
          let open = 0;
          return {
            async *getBlob(blob, options) {
              if (open >= 10) throw new ImageError("unavailable", "Too many open blobs");
              open++;
              yield* getBlob(blob, options);
              open--;
            },
          };
        },
      }),
  },
  "source/parallel-blobs": {
    "allows at most five readers of a blob": () =>
      alteredMemory({
        source({ getBlob }) {
          const readers = new Map<Digest | undefined, number>();
          return {
            async *getBlob(blob, options) {
              const others = readers.get(blob.digest) ?? 0;
              readers.set(blob.digest, others + 1);
              try {
                if (others >= 5) throw new ImageError("unavailable", "Too many readers");
                yield* getBlob(blob, options);
              } finally {
                readers.set(blob.digest, (readers.get(blob.digest) ?? 1) - 1);
              }
            },
          };
        },
      }),
  },
  "source/reused-buffers": {
    "shares one buffer between two readers of a blob": () =>
      alteredMemory({
        source({ getBlob }) {
          const shared = new Uint8Array(1 << 16);
          const readers = new Map<Digest | undefined, number>();
          return {
            async *getBlob(blob, options) {
              readers.set(blob.digest, (readers.get(blob.digest) ?? 0) + 1);
              for await (const chunk of getBlob(blob, options)) {
                const hasTwo = (readers.get(blob.digest) ?? 0) > 1 && options?.reuseBuffers;
                if (hasTwo) shared.set(chunk);
                await Promise.resolve();
                yield hasTwo ? shared.subarray(0, chunk.byteLength) : chunk;
              }
              readers.set(blob.digest, (readers.get(blob.digest) ?? 1) - 1);
            },
          };
        },
      }),
  },
  "source/ranges": {
    "omits the last byte of a range": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          getBlob(blob, options = {}) {
            const { range } = options;
            if (!range?.start || range.end === undefined) return getBlob(blob, options);
            return getBlob(blob, { ...options, range: { ...range, end: range.end - 1 } });
          },
        }),
      }),
    "ignores ranges without an end": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          getBlob(blob, options = {}) {
            const { range, ...others } = options;
            return getBlob(blob, range?.end === undefined ? others : options);
          },
        }),
      }),
  },
  "source/aborted-before": {
    "ignores an aborted signal for the manifest": () =>
      alteredMemory({
        reference: ({ newImageSource }) => ({ newImageSource: () => newImageSource() }),
        source: ({ getManifest }) => ({ getManifest: (instance) => getManifest(instance) }),
      }),
    "rejects with another error after an abort": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          async *getBlob(blob, options) {
            if (options?.signal?.aborted) throw new ImageError("unavailable", "aborted");
            yield* getBlob(blob, options);
          },
        }),
      }),
  },
  "source/aborted-read": {
    "continues a blob after an abort": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          async *getBlob(blob, { signal, ...options } = {}) {
            signal?.throwIfAborted();
            yield* getBlob(blob, options);
          },
        }),
      }),
    "ends a blob without an error after an abort": () =>
      alteredMemory({ source: ({ getBlob }) => ({ getBlob: endingEarly(getBlob) }) }),
  },
  "source/signatures": {
    "loses sigstore signatures": () =>
      alteredMemory({
        source: ({ getSignatures }) => ({
          getSignatures: async (...given) =>
            (await getSignatures(...given)).filter(({ kind }) => kind !== "sigstore"),
        }),
      }),
    "changes a payload": () =>
      alteredMemory({
        source: ({ getSignatures }) => ({
          getSignatures: async (...given) =>
            (await getSignatures(...given)).map((signature) =>
              signature.kind === "sigstore"
                ? { ...signature, payload: Uint8Array.from(Buffer.from("[]")) }
                : signature,
            ),
        }),
      }),
  },
};

/** A transport that returns the original bytes of one layer after damage in its store. */
export async function stale(seed: string): Promise<TransportUnderTest> {
  const [digest] = biggestLayer(await randomImage(seed, { compression: "gzip" }));
  return alteredMemory({
    subject: ({ damageBlob }) => ({
      damageBlob: async (reference, damaged) =>
        damaged === digest ? undefined : damageBlob?.(reference, damaged),
    }),
  });
}

function endingEarly(getBlob: ImageSource["getBlob"]): ImageSource["getBlob"] {
  return async function* (blob, options) {
    options?.signal?.throwIfAborted();
    for await (const chunk of getBlob(blob, { ...options, signal: undefined })) {
      yield chunk;
      if (options?.signal?.aborted) return;
    }
  };
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the image has no such part");
  return value;
}
