import { ImageError, mediaTypes } from "@drayage/core";
import type { BlobInfo } from "@drayage/core";
import { expect, test } from "vitest";

import { conformance } from "../../src/conformance/conformance.ts";
import { randomIndex } from "../../src/random/random-index.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Alteration } from "./altered-memory.ts";

/** Needs to know which blob is the config. */
const findingConfigs: Alteration = {
  destination: ({ putBlob }) => ({
    async putBlob(bytes, blob, options) {
      if (isConfig(blob) !== (options?.isConfig ?? false)) throw new Error("Which is the config?");
      return putBlob(bytes, blob, options);
    },
  }),
};

const wrappingErrors: Alteration = {
  destination: ({ putBlob }) => ({
    async putBlob(bytes, blob, options) {
      try {
        return await putBlob(bytes, blob, options);
      } catch (error) {
        if (options?.signal?.aborted) throw error;
        const inner = new Error("The blob was not stored", { cause: error });
        throw new ImageError("unavailable", "The store failed", { cause: inner });
      }
    },
  }),
};

const index = await randomIndex("reused");
const instances = new Set(index.instances.map(({ digest }) => digest));

test.each<[string, string, Alteration]>([
  [
    "reference/policy-scopes",
    "has no policy identity",
    {
      reference: () => ({ policyConfigurationIdentity: undefined }),
      transport: () => ({
        validatePolicyConfigurationScope(scope) {
          expect(scope).toBeTypeOf("string");
        },
      }),
    },
  ],
  [
    "source/stat-blob",
    "has no statBlob",
    {
      source: ({ offers }) => ({
        statBlob: undefined as never,
        offers: { ...offers, storedDigests: false },
      }),
    },
  ],
  [
    "source/stat-blob",
    "has no digests of stored blobs",
    {
      source: ({ offers, statBlob }) => ({
        offers: { ...offers, storedDigests: false },
        async statBlob(...given) {
          const found = await statBlob(...given);
          return found && { size: found.size };
        },
      }),
    },
  ],
  [
    "source/aborted-read",
    "has read all bytes before the abort",
    {
      source: ({ getBlob }) => ({
        async *getBlob(blob, options) {
          options?.signal?.throwIfAborted();
          yield Buffer.concat(await Array.fromAsync(getBlob(blob)));
        },
      }),
    },
  ],
  [
    "destination/reuse-manifest",
    "requires a put of all reused instances",
    {
      destination({ tryReusingManifest, putManifest }) {
        let isMissing = false;
        return {
          async tryReusingManifest(digest, options) {
            const reused = await tryReusingManifest(digest, options);
            isMissing ||= reused !== undefined;
            return reused && { ...reused, mustBePut: true };
          },
          async putManifest(...given) {
            if (isMissing) throw new Error("an instance is missing");
            await putManifest(...given);
          },
        };
      },
    },
  ],
  [
    "destination/reuse-manifest",
    "reuses instances only with their index",
    {
      destination: ({ tryReusingManifest }) => ({
        tryReusingManifest: async (digest, options) =>
          instances.has(digest) && options?.index === undefined
            ? undefined
            : tryReusingManifest(digest, options),
      }),
    },
  ],
  [
    "destination/reuse-manifest",
    "accepts no indexes and requires blobs for a reused manifest",
    {
      destination({ accepts, tryReusingManifest, putBlob, commit }) {
        let isSent = false;
        return {
          accepts: { ...accepts, manifestMIMETypes: [mediaTypes.ociManifest] },
          async tryReusingManifest(digest, options) {
            const reused = await tryReusingManifest(digest, options);
            return reused && { ...reused, mustBePut: true };
          },
          async putBlob(...given) {
            isSent = true;
            return putBlob(...given);
          },
          async commit(options) {
            if (!isSent) throw new Error("the blobs are missing");
            return commit(options);
          },
        };
      },
    },
  ],
  ["destination/large-blob", "stores configs externally", findingConfigs],
  ["destination/reused-buffers", "stores configs externally", findingConfigs],
  ["destination/parallel-blobs", "stores configs externally", findingConfigs],
  ["destination/failed-stream", "wraps errors", wrappingErrors],
  ["destination/corrupt-stream", "wraps errors", wrappingErrors],
  [
    "destination/parallel-blobs",
    "writes one blob at once, and each blob once",
    {
      destination({ accepts, putBlob }) {
        const written = new Set<unknown>();
        return {
          accepts: { ...accepts, parallelBlobs: 1 },
          async putBlob(bytes, blob, options) {
            if (blob.digest !== undefined && written.has(blob.digest))
              throw new ImageError("conflict", "The blob is stored");
            written.add(blob.digest);
            return putBlob(bytes, blob, options);
          },
        };
      },
    },
  ],
])("%s passes a transport that %s", async (id, _, alteration) => {
  const checks = await conformance(alteredMemory(alteration));
  const check = checks.find(({ name }) => name.startsWith(`${id}:`));
  expect(check).toBeDefined();
  await check?.run();
});

function isConfig({ mediaType }: BlobInfo): boolean {
  return mediaType?.includes("config") === true;
}
