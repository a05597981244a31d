import { digestOf, ImageError, mediaTypes } from "@drayage/core";
import type { DestinationAccepts, Digest } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import { corruptingImage } from "./corrupting-memory.ts";
import type { Details } from "./detail.ts";
import { unfinishedImage } from "./unfinished-image.ts";

const isDifferent = /^the blob .* differs/;
const isVisible = /^expected a rejection, but the call succeeded/;

export const destinationDetails: Details = {
  "destination/accepts": {
    "accepts no blob": [() => accepting({ parallelBlobs: 0 }), /parallelBlobs must be at least 1/],
    "accepts no signatures without a reason": [
      () => accepting({ signatures: "" }),
      /signatures must be true or the reason/,
    ],
  },
  "destination/rejected-manifest": {
    "makes a rejected manifest visible": [
      () =>
        alteredMemory({
          destination: ({ accepts, putManifest, commit }) => ({
            accepts: { ...accepts, manifestMIMETypes: [mediaTypes.ociManifest] },
            async putManifest(manifest, options) {
              await putManifest(manifest, options);
              if (manifest.mediaType === mediaTypes.ociManifest) return;
              await commit();
              throw new ImageError("manifest-rejected", "Another type is required");
            },
          }),
        }),
      isVisible,
    ],
  },
  "destination/invisible": {
    "returns a corrupt image after commit": [() => corruptingImage("invisible"), isDifferent],
  },
  "destination/dispose": {
    "commits on disposal if the reference has an image": [
      () =>
        alteredMemory({
          destination: ({ resolve, commit, [Symbol.asyncDispose]: dispose }) => ({
            async [Symbol.asyncDispose]() {
              if ((await resolve()) !== undefined) await commit();
              await dispose();
            },
          }),
        }),
      /^the manifest differs/,
    ],
    "returns a corrupt image after disposal": [() => corruptingImage("kept"), isDifferent],
  },
  "destination/overwrite": {
    "returns a corrupt second image": [() => corruptingImage("second"), isDifferent],
  },
  "destination/written-once": {
    "rejects with conflict after it overwrote the image": [
      () =>
        writtenOnce(async (commit) => {
          await commit();
        }),
      /^the manifest differs/,
    ],
    "rejects with another code": [
      () =>
        writtenOnce(async () => {
          throw new ImageError("denied", "There is an image");
        }),
      /expected an ImageError conflict/,
    ],
  },
  "destination/aborted-before": {
    "ignores an aborted signal in commit": [
      () => alteredMemory({ destination: ({ commit }) => ({ commit: async () => commit() }) }),
      isVisible,
    ],
    "makes the image visible although it rejects with the reason": [
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
    "resolves a reference without an image": [
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
    "reuses the manifests of an image that was not written": [
      async () => {
        const { manifest, instances } = await randomIndex("reused");
        const digests = new Set([manifest.digest, ...instances.map(({ digest }) => digest)]);
        return alteredMemory({
          destination: ({ tryReusingManifest }) => ({
            tryReusingManifest: async (digest, options) =>
              digests.has(digest) ? { digest } : tryReusingManifest(digest, options),
          }),
        });
      },
      /deep-equal/,
    ],
    "reuses every digest": [
      () =>
        alteredMemory({
          destination: () => ({ tryReusingManifest: async (digest) => ({ digest }) }),
        }),
      /deep-equal/,
    ],
    "loses a reused instance at the first commit": [
      async () => losingInstances((times) => times === 1),
      /^No manifest/,
    ],
    "loses a reused instance after a commit of another image": [
      async () => losingInstances((times) => times > 1),
      /^No manifest/,
    ],
    "accepts no indexes and loses the blobs of a reused image": [losingBlobs, isDifferent],
  },
  "destination/commit-needs-manifest": {
    "makes an image visible after a failed commit": [
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

/** Calls `onSecond` for the commit of a second image, then rejects with `conflict`. */
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

/** Loses the reused instances of an index at the commits that `isLost` selects, counted from one. */
async function losingInstances(isLost: (commit: number) => boolean): Promise<TransportUnderTest> {
  const index = await randomIndex("reused");
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
