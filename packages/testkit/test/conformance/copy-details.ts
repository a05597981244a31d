import { mediaTypes } from "@drayage/core";
import type { DestinationAccepts, Digest, RawManifest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";

import { largestLayer } from "../../src/conformance/content.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { alteredMemory, falsified } from "./altered-memory.ts";
import type { Details } from "./detail.ts";
import { unfinishedImage } from "./unfinished-image.ts";

const isVisible = /^expected a rejection, and the call succeeded/;
const otherBytes = /has other bytes/;

export const copyDetails: Details = {
  "copy/round-trip": {
    "accepts no known type of manifest": [
      () => accepting(() => ({ manifestMIMETypes: ["text/plain"] })),
      /it accepts no kind of image at all/,
    ],
    "reports another manifest than it was given": [reportingAnother, /strictly equal/],
    "reads the manifest with another space": [
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
      /^the manifest has other bytes/,
    ],
  },
  "copy/content": {
    "falsifies configs": [
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
                yield configs.has(blob.digest) ? falsified(chunk) : chunk;
              }
            },
          }),
        });
      },
      /sha256/,
    ],
  },
  "copy/aborted": {
    "fails when it is disposed of": [
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
                if (isCommitted) throw new Error("cannot be closed");
              },
            };
          },
        }),
      /strictly equal/,
    ],
    "falsifies an image that was copied without an abort": [
      async () => {
        const images = await Promise.all(
          Array.from({ length: 40 }, async (_, moment) =>
            randomImage(`aborted ${moment}`, {
              layers: 2,
              layerSize: 100_000,
              compression: "gzip",
            }),
          ),
        );
        const wrong = new Set<Digest | undefined>(images.map((image) => largestLayer(image)[0]));
        return alteredMemory({
          source: ({ getBlob }) => ({
            async *getBlob(blob, options) {
              for await (const chunk of getBlob(blob, options)) {
                yield wrong.has(blob.digest) ? falsified(chunk) : chunk;
              }
            },
          }),
        });
      },
      otherBytes,
    ],
  },
  "copy/one-platform": {
    "shows an index that it does not accept": [
      () => visibleOnceOpened({ manifestMIMETypes: [mediaTypes.ociManifest], signatures: true }),
      isVisible,
    ],
  },
  "copy/signed": {
    "accepts signatures only when its first destination was closed": [
      () => accepting((time) => ({ signatures: time === 1 ? "not yet" : true })),
      isVisible,
    ],
    "shows the image without its signatures": [
      () => visibleOnceOpened({ signatures: "none are kept" }),
      isVisible,
    ],
  },
  "copy/referrers": {
    "reports another manifest than it was given": [reportingAnother, /strictly equal/],
    "has no referrers": [
      () => alteredMemory({ source: () => ({ async *getReferrers() {} }) }),
      /deep-equal/,
    ],
  },
  "copy/referrers-unsupported": {
    "accepts referrers only when its first destination was closed": [
      () => accepting((time) => ({ referrers: time === 1 ? "not yet" : true })),
      isVisible,
    ],
    "shows the image without its referrers": [
      () => visibleOnceOpened({ referrers: "none are kept" }),
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

/** What it accepts depends on how many destinations were opened. */
function accepting(changed: (time: number) => Partial<DestinationAccepts>): TransportUnderTest {
  let time = 0;
  return alteredMemory({
    destination: ({ accepts }) => ({ accepts: { ...accepts, ...changed(++time) } }),
  });
}

/** Shows a manifest under each reference for which a destination was closed without a commit. */
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
