import { mediaTypes } from "@drayage/core";
import type { DestinationAccepts, Digest, RawManifest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";

import { biggestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { alteredMemory, corrupted } from "./altered-memory.ts";
import type { Details } from "./detail.ts";
import { unfinishedImage } from "./unfinished-image.ts";

const isVisible = /^expected a rejection, but the call succeeded/;
const isDifferent = /differs/;

export const copyDetails: Details = {
  "copy/round-trip": {
    "accepts no known manifest type": [
      () => accepting(() => ({ manifestMIMETypes: ["text/plain"] })),
      /the destination accepts no kind of image/,
    ],
    "returns another manifest from commit": [reportingAnother, /strictly equal/],
    "returns a manifest with an additional space": [
      () =>
        alteredMemory({
          source: ({ getManifest }) => ({
            async getManifest(instance, options) {
              const manifest = await getManifest(instance, options);
              if (instance !== undefined) return manifest;
              const { mediaType } = manifest;
              return { mediaType, bytes: Buffer.from(`${textOf(manifest)} `) };
            },
          }),
        }),
      /^the manifest differs/,
    ],
  },
  "copy/content": {
    "corrupts configs": [
      () => {
        const configs = new Set<Digest | undefined>();
        return alteredMemory({
          destination: ({ putManifest }) => ({
            async putManifest(manifest, options) {
              const parsed = parseManifest(manifest);
              if (parsed.kind === "image") configs.add(parsed.config.digest);
              await putManifest(manifest, options);
            },
          }),
          source: ({ getBlob }) => ({
            async *getBlob(blob, options) {
              for await (const chunk of getBlob(blob, options)) {
                yield configs.has(blob.digest) ? corrupted(chunk) : chunk;
              }
            },
          }),
        });
      },
      /sha256/,
    ],
  },
  "copy/aborted": {
    "fails on disposal": [
      () =>
        alteredMemory({
          destination({ commit }) {
            let isCommitted = false;
            return {
              async commit(options) {
                await commit(options);
                isCommitted = options?.signal !== undefined;
              },
              async [Symbol.asyncDispose]() {
                if (isCommitted) throw new Error("disposal failed");
              },
            };
          },
        }),
      /strictly equal/,
    ],
    "returns a corrupt image after a copy without an abort": [
      async () => {
        const images = await Promise.all(
          Array.from({ length: 40 }, async (_, event) =>
            randomImage(`aborted ${event}`, {
              layers: 2,
              layerSize: 100_000,
              compression: "gzip",
            }),
          ),
        );
        const wrong = new Set<Digest | undefined>(images.map((image) => biggestLayer(image)[0]));
        return alteredMemory({
          source: ({ getBlob }) => ({
            async *getBlob(blob, options) {
              for await (const chunk of getBlob(blob, options)) {
                yield wrong.has(blob.digest) ? corrupted(chunk) : chunk;
              }
            },
          }),
        });
      },
      isDifferent,
    ],
  },
  "copy/one-platform": {
    "makes an index visible that it does not accept": [
      () => visibleOnceOpened({ manifestMIMETypes: [mediaTypes.ociManifest], signatures: true }),
      isVisible,
    ],
  },
  "copy/signed": {
    "accepts signatures only from the second destination on": [
      () => accepting((time) => ({ signatures: time === 1 ? "not yet" : true })),
      isVisible,
    ],
    "makes the image visible after a rejected copy of signatures": [
      () => visibleOnceOpened({ signatures: "signatures are not stored" }),
      isVisible,
    ],
  },
  "copy/referrers": {
    "returns another manifest from commit": [reportingAnother, /strictly equal/],
    "lists no referrers": [
      () => alteredMemory({ source: () => ({ async *getReferrers() {} }) }),
      /deep-equal/,
    ],
  },
  "copy/referrers-unsupported": {
    "accepts referrers only from the second destination on": [
      () => accepting((time) => ({ referrers: time !== 1 })),
      isVisible,
    ],
    "makes the image visible after a rejected copy of referrers": [
      () => visibleOnceOpened({ referrers: false }),
      isVisible,
    ],
  },
};

const textOf = ({ bytes }: RawManifest): string => Buffer.from(bytes).toString();

function reportingAnother(): TransportUnderTest {
  return alteredMemory({
    destination({ putManifest, commit }) {
      let top: RawManifest | undefined;
      return {
        async putManifest(manifest, options) {
          if (options?.instance === undefined) top = manifest;
          await putManifest(manifest, options);
        },
        async commit(options) {
          await commit(options);
          return top && { manifest: { ...top, bytes: Buffer.from(`${textOf(top)} `) } };
        },
      };
    },
  });
}

/** `accepts` depends on the number of opened destinations. */
function accepting(changed: (time: number) => Partial<DestinationAccepts>): TransportUnderTest {
  let time = 0;
  return alteredMemory({
    destination: ({ accepts }) => ({ accepts: { ...accepts, ...changed(++time) } }),
  });
}

/** Makes a manifest visible for each reference with a destination that has not committed. */
function visibleOnceOpened(changed: Partial<DestinationAccepts>): TransportUnderTest {
  const shown = new Set<string>();
  return alteredMemory({
    reference: ({ stringWithinTransport: name, newImageSource, transport }) => ({
      newImageSource: async (options) =>
        shown.has(name) ? unfinishedImage(transport.parseReference(name)) : newImageSource(options),
    }),
    destination({ accepts, commit }, { stringWithinTransport: name }) {
      shown.add(name);
      return {
        accepts: { ...accepts, ...changed },
        async commit(options) {
          await commit(options);
          shown.delete(name);
        },
      };
    },
  });
}
