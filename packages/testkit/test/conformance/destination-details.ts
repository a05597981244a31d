import { digestOf, ImageError, mediaTypes } from "@drayage/core";
import type { DestinationAccepts, Digest } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";
import { falsifyingImage } from "./falsifying-memory.ts";
import { unfinishedImage } from "./unfinished-image.ts";

const otherBytes = /^the blob .* has other bytes/;
const isVisible = /^expected a rejection, and the call succeeded/;

export const destinationDetails: Details = {
  "destination/accepts": {
    "takes no blob": [() => accepting({ parallelBlobs: 0 }), /no blob at all/],
    "takes no signatures without a reason": [
      () => accepting({ signatures: "" }),
      /does not say why/,
    ],
  },
  "destination/rejected-manifest": {
    "shows a manifest that it rejects": [
      () =>
        alteredMemory({
          destination: ({ accepts, putManifest, commit }) => ({
            accepts: { ...accepts, manifestMIMETypes: [mediaTypes.ociManifest] },
            async putManifest(manifest, options) {
              await putManifest(manifest, options);
              if (manifest.mediaType === mediaTypes.ociManifest) return;
              await commit();
              throw new ImageError("manifest-rejected", "Another type, please");
            },
          }),
        }),
      isVisible,
    ],
  },
  "destination/invisible": {
    "falsifies the image after the commit": [() => falsifyingImage("invisible"), otherBytes],
  },
  "destination/dispose": {
    "commits when it is disposed of, but not to a new reference": [
      () =>
        alteredMemory({
          destination: ({ resolve, commit, [Symbol.asyncDispose]: dispose }) => ({
            async [Symbol.asyncDispose]() {
              if ((await resolve()) !== undefined) await commit();
              await dispose();
            },
          }),
        }),
      /^the manifest has other bytes/,
    ],
    "falsifies the image that is kept": [() => falsifyingImage("kept"), otherBytes],
  },
  "destination/overwrite": {
    "falsifies the second image": [() => falsifyingImage("second"), otherBytes],
  },
  "destination/written-once": {
    "reports the conflict after it overwrote the image": [
      () =>
        writtenOnce(async (commit) => {
          await commit();
        }),
      /^the manifest has other bytes/,
    ],
    "refuses with another code": [
      () =>
        writtenOnce(async () => {
          throw new ImageError("denied", "There is an image");
        }),
      /expected an ImageError conflict/,
    ],
  },
  "destination/aborted-before": {
    "commits though the signal is aborted": [
      () => alteredMemory({ destination: ({ commit }) => ({ commit: async () => commit() }) }),
      isVisible,
    ],
    "shows the image though it rejects with the reason": [
      () =>
        alteredMemory({
          destination: ({ commit }) => ({
            async commit(options) {
              await commit();
              options?.signal?.throwIfAborted();
            },
          }),
        }),
      isVisible,
    ],
  },
  "destination/resolve": {
    "resolves a reference before there is an image": [
      () =>
        alteredMemory({
          destination: ({ resolve }) => ({
            resolve: async (options) => (await resolve(options)) ?? digestOf(Buffer.from("any")),
          }),
        }),
      /before there is an image/,
    ],
  },
  "destination/reuse-manifest": {
    "has every manifest": [
      () =>
        alteredMemory({
          destination: () => ({ tryReusingManifest: async (digest) => ({ digest }) }),
        }),
      /deep-equal/,
    ],
    "loses an instance that it reuses, the first time": [
      async () => losingInstances((times) => times === 1),
      /^No manifest/,
    ],
    "loses an instance that it reuses once there was another image": [
      async () => losingInstances((times) => times > 1),
      /^No manifest/,
    ],
    "takes no indexes and loses the blobs of an image that it reuses": [losingBlobs, otherBytes],
  },
  "destination/commit-needs-manifest": {
    "shows an image after a commit that failed": [
      () => {
        const shown = new Set<string>();
        return alteredMemory({
          destination: ({ commit }, { stringWithinTransport: name }) => ({
            async commit(options) {
              shown.add(name);
              await commit(options);
              shown.delete(name);
            },
          }),
          reference: ({ stringWithinTransport: name, newImageSource, transport }) => ({
            newImageSource: async (options) =>
              shown.has(name)
                ? unfinishedImage(transport.parseReference(name))
                : newImageSource(options),
          }),
        });
      },
      isVisible,
    ],
  },
};

function accepting(accepts: Partial<DestinationAccepts>): TransportUnderTest {
  return alteredMemory({ destination: (inner) => ({ accepts: { ...inner.accepts, ...accepts } }) });
}

/** Calls `onSecond` with the commit of a second image, which then ends in `conflict`. */
function writtenOnce(onSecond: (commit: () => Promise<unknown>) => Promise<void>) {
  return alteredMemory({
    subject: () => ({ overwriting: "refuses" }),
    destination: ({ resolve, commit }) => ({
      async commit(options) {
        if ((await resolve()) === undefined) return commit(options);
        await onSecond(commit);
        throw new ImageError("conflict", "There is an image");
      },
    }),
  });
}

/** Loses the reused instances of an index at certain commits, counted from one. */
async function losingInstances(isLost: (commit: number) => boolean): Promise<TransportUnderTest> {
  const index = await randomIndex("has");
  const instances = new Set<Digest | undefined>(index.instances.map(({ digest }) => digest));
  let lost = new Set<Digest | undefined>();
  let commits = 0;
  return alteredMemory({
    destination: ({ tryReusingManifest, putManifest, commit }) => {
      const reused = new Set<Digest | undefined>();
      return {
        async tryReusingManifest(digest, options) {
          const found = await tryReusingManifest(digest, options);
          if (found !== undefined && instances.has(digest)) reused.add(digest);
          return found;
        },
        async putManifest(manifest, options) {
          reused.delete(options?.instance);
          await putManifest(manifest, options);
        },
        async commit(options) {
          await commit(options);
          if (reused.size > 0) lost = isLost(++commits) ? reused : new Set();
        },
      };
    },
    source: ({ getManifest }) => ({
      async getManifest(instance, options) {
        if (instance === undefined || !lost.has(instance)) return getManifest(instance, options);
        throw new ImageError("not-found", `No manifest ${instance}`);
      },
    }),
  });
}

function losingBlobs(): TransportUnderTest {
  const lost = new Set<string>();
  return alteredMemory({
    destination({ accepts, putBlob, commit }, { stringWithinTransport: name }) {
      let isSent = false;
      return {
        accepts: { ...accepts, manifestMIMETypes: [mediaTypes.ociManifest] },
        async putBlob(...given) {
          isSent = true;
          return putBlob(...given);
        },
        async commit(options) {
          await commit(options);
          if (isSent) lost.delete(name);
          else lost.add(name);
        },
      };
    },
    source: ({ getBlob }, { stringWithinTransport: name }) => ({
      async *getBlob(blob, options) {
        if (!lost.has(name)) yield* getBlob(blob, options);
      },
    }),
  });
}
