import { ImageError } from "@drayage/core";
import type { Digest, ImageSource } from "@drayage/core";
import { blobsOf as blobsIn, parseManifest } from "@drayage/core/manifest";

import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";

export const deleteBreakages: Breakages = {
  "delete/image": {
    "does not store a deleted name again": () => {
      const deleted = new Set<string>();
      return alteredMemory({
        reference: ({ stringWithinTransport: name, deleteImage }) => ({
          async deleteImage(options) {
            await deleteImage(options);
            deleted.add(name);
          },
        }),
        destination: ({ commit }, { stringWithinTransport: name }) => ({
          commit: async (options) => (deleted.has(name) ? undefined : commit(options)),
        }),
      });
    },
  },
  "delete/not-found": {
    "succeeds for an absent image": () => deleting(() => {}),
    "rejects with another code": () =>
      deleting(() => {
        throw new ImageError("denied", "Denied");
      }),
  },
  "delete/unsupported": {
    "deletes although it declares deletes: false": () =>
      alteredMemory({ subject: () => ({ deletes: false }) }),
    "rejects with another code": () =>
      alteredMemory({
        subject: () => ({ deletes: false }),
        reference: () => ({
          async deleteImage() {
            throw new ImageError("denied", "Denied");
          },
        }),
      }),
  },
  "delete/shared-blobs": {
    "deletes blobs that another image uses": () => {
      const gone = new Set<Digest | undefined>();
      return alteredMemory({
        reference: ({ newImageSource, deleteImage }) => ({
          async deleteImage(options) {
            const source = await newImageSource();
            await deleteImage(options);
            for (const digest of await blobsOf(source)) gone.add(digest);
          },
        }),
        source: ({ getBlob }) => ({
          async *getBlob(blob, options) {
            if (gone.has(blob.digest)) throw new ImageError("not-found", "No such blob");
            yield* getBlob(blob, options);
          },
        }),
        destination: ({ putBlob }) => ({
          async putBlob(bytes, blob, options) {
            gone.delete(blob.digest);
            return putBlob(bytes, blob, options);
          },
        }),
      });
    },
  },
};

function deleting(otherwise: () => void) {
  return alteredMemory({
    reference: ({ deleteImage }) => ({
      async deleteImage(options) {
        try {
          await deleteImage(options);
        } catch {
          otherwise();
        }
      },
    }),
  });
}

/** The blobs of an image, or of all images of an index. */
async function blobsOf(source: ImageSource, instance?: Digest): Promise<readonly Digest[]> {
  const manifest = parseManifest(await source.getManifest(instance));
  if (manifest.kind !== "index") return blobsIn(manifest).map(({ digest }) => digest);
  const blobs = await Promise.all(
    manifest.manifests.map(async ({ digest }) => blobsOf(source, digest)),
  );
  return blobs.flat();
}
