import { ImageError, mediaTypes } from "@drayage/core";
import type { Digest, RawManifest } from "@drayage/core";
import { isIndexMediaType } from "@drayage/core/manifest";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";
import { committing } from "./destination-breakages.ts";
import { falsifying } from "./falsifying-memory.ts";
import { stale } from "./source-breakages.ts";
import { unpackingMemory } from "./unpacking-memory.ts";

export const copyBreakages: Breakages = {
  "copy/round-trip": {
    "loses an index inside an index": () =>
      alteredMemory({
        source: ({ getManifest }) => ({
          async getManifest(instance, options) {
            const manifest = await getManifest(instance, options);
            if (instance === undefined || !isIndexMediaType(manifest.mediaType)) return manifest;
            throw new ImageError("not-found", "Indexes are kept at the top only");
          },
        }),
      }),
  },
  "copy/content": {
    "cuts layers that are compressed with zstd": () =>
      alteredMemory({
        source: ({ getBlob }) => ({
          async *getBlob(blob, options) {
            for await (const chunk of getBlob(blob, options)) {
              yield isZstd(chunk) ? chunk.subarray(0, -1) : chunk;
            }
          },
        }),
      }),
  },
  "copy/reported-digest": {
    "reports another manifest than it stores": () => {
      const transport = unpackingMemory("replaces", {
        generated: (manifest) => ({
          ...manifest,
          bytes: Buffer.from(`${String(manifest.bytes)} `),
        }),
      });
      return { ...fresh(transport), overwriting: "replaces" };
    },
  },
  "copy/again": {
    "does not find what it has": async () => {
      const index = await randomIndex("again");
      const digests = new Set([...index.blobs.keys(), index.manifest.digest]);
      for (const { digest } of index.instances) digests.add(digest);
      return alteredMemory({
        destination: ({ tryReusingBlob, tryReusingManifest, resolve }) => ({
          tryReusingBlob: async (blob, options) =>
            digests.has(blob.digest) ? undefined : tryReusingBlob(blob, options),
          tryReusingManifest: async (digest, options) =>
            digests.has(digest) ? undefined : tryReusingManifest(digest, options),
          async resolve(options) {
            const digest = await resolve(options);
            return digest === undefined || digests.has(digest) ? undefined : digest;
          },
        }),
      });
    },
  },
  "copy/aborted": {
    "commits what was written when the copy is aborted": () =>
      alteredMemory({ destination: (inner) => committing(inner, { whenAborted: true }) }),
  },
  "copy/damaged": {
    "reads what it was given instead of what it stores": () => stale("damaged"),
  },
  "copy/parallel": {
    "loses an image when two are committed at once": () => {
      let committed: ReadonlySet<string> = new Set();
      return alteredMemory({
        reference: ({ stringWithinTransport: name, newImageSource }) => ({
          async newImageSource(options) {
            const source = await newImageSource(options);
            if (committed.has(name)) return source;
            throw new ImageError("not-found", `No image ${name}`);
          },
        }),
        destination: ({ commit }, { stringWithinTransport: name }) => ({
          async commit(options) {
            const before = committed;
            await commit(options);
            await new Promise(setImmediate);
            committed = new Set([...before, name]);
          },
        }),
      });
    },
  },
  "copy/one-platform": {
    "says that it takes indexes, and takes none": () => {
      const manifestMIMETypes = [mediaTypes.dockerManifest, mediaTypes.dockerList];
      const transport = unpackingMemory("replaces", { accepts: { manifestMIMETypes } });
      return { ...fresh(transport), overwriting: "replaces" };
    },
  },
  "copy/signed": {
    "falsifies the image that arrived without its signatures": async () =>
      falsifying(await layerOf("signed"), {
        destination: ({ accepts }) => ({ accepts: { ...accepts, signatures: "none are kept" } }),
      }),
  },
  "copy/referrers": {
    "loses what refers to an image that is new": () => keepingReferrersWhere((isNew) => !isNew),
  },
  "copy/referrers-later": {
    "loses what refers to an image that it has": () => keepingReferrersWhere((isNew) => isNew),
  },
  "copy/referrers-unsupported": {
    "falsifies the image that arrived without its referrers": async () =>
      falsifying((await randomIndex("referrers refused")).instances[0]?.digest as Digest, {
        destination: ({ accepts }) => ({ accepts: { ...accepts, referrers: false } }),
      }),
  },
};

function fresh(transport: TransportUnderTest["transport"]): TransportUnderTest {
  let count = 0;
  const freshReference = () => transport.parseReference(`image ${count++}`);
  return { transport, freshReference, siblingOf: freshReference };
}

function isZstd(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString("hex") === "28b52ffd";
}

async function layerOf(seed: string): Promise<Digest> {
  const [layer] = (await randomImage(seed, { compression: "gzip" })).layers;
  if (layer === undefined) throw new Error("an image without layers");
  return layer.digest;
}

/** Drops manifests with a subject while the image is new at the destination, or while it is not. */
function keepingReferrersWhere(keeps: (isNew: boolean) => boolean): TransportUnderTest {
  return alteredMemory({
    destination: ({ resolve, putManifest }) => ({
      async putManifest(manifest, options) {
        const isNew = (await resolve()) === undefined;
        if (hasSubject(manifest) && !keeps(isNew)) return;
        await putManifest(manifest, options);
      },
    }),
  });
}

function hasSubject({ bytes }: RawManifest): boolean {
  return Buffer.from(bytes).toString().includes('"subject"');
}
