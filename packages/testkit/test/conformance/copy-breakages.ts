import { ImageError, mediaTypes } from "@drayage/core";
import type { Digest, RawManifest } from "@drayage/core";
import { isIndexMediaType } from "@drayage/core/manifest";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { randomImage } from "../../src/random/random-image.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";
import { corrupting } from "./corrupting-memory.ts";
import { decompressingMemory } from "./decompressing-memory.ts";
import { committing } from "./destination-breakages.ts";
import { stale } from "./source-breakages.ts";

export const copyBreakages: Breakages = {
  "copy/round-trip": {
    "loses nested indexes": () =>
      alteredMemory({
        source: ({ getManifest }) => ({
          async getManifest(instance, options) {
            const manifest = await getManifest(instance, options);
            if (instance === undefined || !isIndexMediaType(manifest.mediaType)) return manifest;
            throw new ImageError("not-found", "Nested indexes are not stored");
          },
        }),
      }),
  },
  "copy/content": {
    "truncates zstd layers": () =>
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
  "copy/digest-algorithm": {
    "names every manifest by sha256": () =>
      alteredMemory({
        destination: ({ putManifest }) => ({
          async putManifest(manifest, options) {
            await putManifest({ ...manifest, digest: undefined }, options);
          },
        }),
      }),
  },
  "copy/reported-digest": {
    "reports a manifest that it does not store": () => {
      const transport = decompressingMemory("replaces", {
        generated: (manifest) => ({
          ...manifest,
          bytes: Buffer.from(`${String(manifest.bytes)} `),
        }),
      });
      return { ...fresh(transport), overwriting: "replaces" };
    },
  },
  "copy/again": {
    "does not reuse its own content": async () => {
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
    "commits an aborted copy": () =>
      alteredMemory({ destination: (inner) => committing(inner, { whenAborted: true }) }),
  },
  "copy/damaged": {
    "does not notice damage in its store": () => stale("damaged"),
  },
  "copy/parallel": {
    "loses an image when two commit at the same time": () => {
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
    "declares indexes but rejects them": () => {
      const manifestMIMETypes = [mediaTypes.dockerManifest, mediaTypes.dockerList];
      const transport = decompressingMemory("replaces", { accepts: { manifestMIMETypes } });
      return { ...fresh(transport), overwriting: "replaces" };
    },
  },
  "copy/signed": {
    "returns a corrupt image after a copy without signatures": async () =>
      corrupting(await layerOf("signed"), {
        destination: ({ accepts }) => ({
          accepts: { ...accepts, signatures: "signatures are not stored" },
        }),
      }),
  },
  "copy/referrers": {
    "loses the referrers of a new image": () => keepingReferrersWhere((isNew) => !isNew),
  },
  "copy/referrers-later": {
    "loses the referrers of a stored image": () => keepingReferrersWhere((isNew) => isNew),
  },
  "copy/referrers-unsupported": {
    "returns a corrupt image after a copy without referrers": async () =>
      corrupting((await randomIndex("referrers unsupported")).instances[0]?.digest as Digest, {
        destination: ({ accepts }) => ({
          accepts: { ...accepts, referrers: false },
        }),
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
  if (layer === undefined) throw new Error("the image has no layers");
  return layer.digest;
}

/** Drops manifests with a subject unless `keeps` accepts them. `isNew` is true before the destination has the image. */
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
