import { ImageError, mediaTypes } from "@drayage/core";
import type { Digest, ImageErrorCode, RawManifest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Alteration, WholeDestination } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";
import { corrupting } from "./corrupting-memory.ts";

export const destinationBreakages: Breakages = {
  "destination/accepts": {
    "has a method in accepts": () =>
      alteredMemory({
        destination: ({ accepts }) => ({ accepts: Object.assign({}, accepts, { takes() {} }) }),
      }),
  },
  "destination/round-trip": {
    "omits unknown fields": () =>
      alteredMemory({
        destination: ({ putManifest }) => ({
          putManifest: async (manifest, options) => putManifest(withoutUnknown(manifest), options),
        }),
      }),
  },
  "destination/index": {
    "stores a corrupt instance": async () => corrupting(await instanceOf("index")),
  },
  "destination/rejected-manifest": {
    "stores types that are not in accepts": () =>
      alteredMemory({ destination: ({ accepts }) => ({ accepts: { ...accepts, ...onlyOCI } }) }),
    "rejects a type with another code": () =>
      alteredMemory({ destination: refusing("unsupported") }),
  },
  "destination/invisible": {
    "makes the manifest visible before commit": visibleEarly,
  },
  "destination/dispose": {
    "commits on disposal": () =>
      alteredMemory({ destination: (inner) => committing(inner, { whenAborted: false }) }),
  },
  "destination/overwrite": {
    "keeps the first image without an error": () => {
      const first = new Map<string, string>();
      return alteredMemory({
        reference: ({ stringWithinTransport, deleteImage }) => ({
          async deleteImage(options) {
            await deleteImage(options);
            first.delete(stringWithinTransport);
          },
        }),
        destination({ putManifest, commit }, { stringWithinTransport: name }) {
          let top = "";
          return {
            async putManifest(manifest, options) {
              if (options?.instance === undefined) top = Buffer.from(manifest.bytes).toString();
              await putManifest(manifest, options);
            },
            async commit(options) {
              if ((first.get(name) ?? top) !== top) return;
              await commit(options);
              first.set(name, top);
            },
          };
        },
      });
    },
  },
  "destination/written-once": {
    "overwrites although it declares refuses": () =>
      alteredMemory({ subject: () => ({ overwriting: "refuses" }) }),
  },
  "destination/aborted-before": {
    "ignores an aborted signal in tryReusingBlob": () =>
      alteredMemory({
        destination: ({ tryReusingBlob }) => ({ tryReusingBlob: (blob) => tryReusingBlob(blob) }),
      }),
    "ignores an aborted signal in putManifest": () =>
      alteredMemory({
        destination: ({ putManifest }) => ({
          putManifest: (manifest, options) =>
            putManifest(manifest, { ...options, signal: undefined }),
        }),
      }),
    "rejects with another error after an abort": () =>
      alteredMemory({
        destination: ({ putBlob }) => ({
          async putBlob(bytes, blob, options) {
            if (options?.signal?.aborted) throw new ImageError("unavailable", "aborted");
            return putBlob(bytes, blob, options);
          },
        }),
      }),
  },
  "destination/resolve": {
    "does not resolve its own image": async () => {
      const { manifest } = await randomIndex("resolve");
      return alteredMemory({
        destination: ({ resolve }) => ({
          async resolve(options) {
            const digest = await resolve(options);
            return digest === manifest.digest ? undefined : digest;
          },
        }),
      });
    },
  },
  "destination/reuse-manifest": {
    "reuses every digest once an image is stored": () => {
      const written = new Set<string>();
      return alteredMemory({
        destination: ({ commit, tryReusingManifest }, { stringWithinTransport: name }) => ({
          async commit(options) {
            await commit(options);
            written.add(name);
          },
          tryReusingManifest: async (digest, options) =>
            written.has(name) ? { digest } : tryReusingManifest(digest, options),
        }),
      });
    },
    "does not reuse stored instances": async () => {
      const { instances } = await randomIndex("reused");
      const digests = new Set(instances.map(({ digest }) => digest));
      return alteredMemory({
        destination: ({ tryReusingManifest }) => ({
          tryReusingManifest: async (digest, options) =>
            digests.has(digest) ? undefined : tryReusingManifest(digest, options),
        }),
      });
    },
    "loses the instances that it reuses": async () => {
      const { instances } = await randomIndex("reused");
      const digests = new Set(instances.map(({ digest }) => digest));
      const lost = new Set<Digest | undefined>();
      return alteredMemory({
        destination: ({ tryReusingManifest, putManifest }) => ({
          async tryReusingManifest(digest, options) {
            const reused = await tryReusingManifest(digest, options);
            if (reused !== undefined && digests.has(digest)) lost.add(digest);
            return reused;
          },
          async putManifest(manifest, options) {
            lost.delete(options?.instance);
            await putManifest(manifest, options);
          },
        }),
        source: ({ getManifest }) => ({
          async getManifest(instance, options) {
            if (instance === undefined || !lost.has(instance))
              return getManifest(instance, options);
            throw new ImageError("not-found", `No manifest ${instance}`);
          },
        }),
      });
    },
  },
  "destination/commit-needs-manifest": {
    "commits without a manifest": () =>
      alteredMemory({ destination: (inner) => committingNothing(inner, () => {}) }),
    "rejects with another code": () =>
      alteredMemory({
        destination: (inner) =>
          committingNothing(inner, () => {
            throw new ImageError("not-found", "No manifest");
          }),
      }),
  },
};

const onlyOCI = { manifestMIMETypes: [mediaTypes.ociManifest, mediaTypes.ociIndex] };

async function instanceOf(seed: string): Promise<Digest> {
  const { instances } = await randomIndex(seed);
  const [instance] = instances;
  if (instance === undefined) throw new Error("the index has no instances");
  return instance.digest;
}

function withoutUnknown(manifest: RawManifest): RawManifest {
  const { "x-unknown": unknown, ...known } = JSON.parse(Buffer.from(manifest.bytes).toString());
  if (unknown === undefined) return manifest;
  return { ...manifest, bytes: Buffer.from(JSON.stringify(known)) };
}

function refusing(code: ImageErrorCode): NonNullable<Alteration["destination"]> {
  return ({ accepts, putManifest }) => ({
    accepts: { ...accepts, ...onlyOCI },
    async putManifest(manifest, options) {
      if (!onlyOCI.manifestMIMETypes.some((type) => type === parseManifest(manifest).mediaType))
        throw new ImageError(code, "Another type is required");
      await putManifest(manifest, options);
    },
  });
}

/** Returns the manifest of a destination until commit or disposal. */
function visibleEarly(): TransportUnderTest {
  const pending = new Map<string, RawManifest>();
  return alteredMemory({
    reference: ({ stringWithinTransport: name, newImageSource }) => ({
      async newImageSource(options) {
        const manifest = pending.get(name);
        if (manifest === undefined) return newImageSource(options);
        return {
          reference: alteredMemory().transport.parseReference(name),
          offers: { parallelBlobs: 1, ranges: false },
          getManifest: async () => manifest,
          async *getBlob() {},
          async [Symbol.asyncDispose]() {},
        };
      },
    }),
    destination({ putManifest, commit, [Symbol.asyncDispose]: dispose }, reference) {
      const { stringWithinTransport: name } = reference;
      return {
        async putManifest(manifest, options) {
          await putManifest(manifest, options);
          if (options?.instance === undefined) pending.set(name, manifest);
        },
        async commit(options) {
          pending.delete(name);
          await commit(options);
        },
        async [Symbol.asyncDispose]() {
          pending.delete(name);
          await dispose();
        },
      };
    },
  });
}

/** Commits on disposal, either after an abort or without one. */
export function committing(
  { putBlob, putManifest, commit, [Symbol.asyncDispose]: dispose }: WholeDestination,
  { whenAborted }: { readonly whenAborted: boolean },
): Partial<WholeDestination> {
  const signals = new Set<AbortSignal>();
  let isComplete = false;
  const seen = (signal: AbortSignal | undefined): void => void (signal && signals.add(signal));
  return {
    async putBlob(bytes, blob, options) {
      seen(options?.signal);
      return putBlob(bytes, blob, options);
    },
    async putManifest(manifest, options) {
      seen(options?.signal);
      await putManifest(manifest, options);
      isComplete ||= options?.instance === undefined;
    },
    async commit(options) {
      seen(options?.signal);
      await commit(options);
      isComplete = false;
    },
    async [Symbol.asyncDispose]() {
      const wasAborted = [...signals].some(({ aborted }) => aborted);
      if (isComplete && wasAborted === whenAborted) await commit();
      await dispose();
    },
  };
}

function committingNothing(
  { putManifest, commit }: WholeDestination,
  otherwise: () => void,
): Partial<WholeDestination> {
  let hasManifest = false;
  return {
    async putManifest(...given) {
      hasManifest = true;
      await putManifest(...given);
    },
    commit: async (options) => (hasManifest ? commit(options) : otherwise()),
  };
}
