import { alteredMemory } from "./altered-memory.ts";
import type { Breakages } from "./breakage.ts";

export const listingBreakages: Breakages = {
  "source/list-images": {
    "lists no images": () =>
      alteredMemory({
        reference: () => ({
          listImages: async () => ({ images: [], async [Symbol.asyncDispose]() {} }),
        }),
      }),
    "gives all images the same name": () =>
      alteredMemory({
        reference: ({ listImages }) => ({
          async listImages(options) {
            const listing = await listImages(options);
            const images = listing.images.map((image) => ({ ...image, names: ["image"] }));
            return { ...listing, images };
          },
        }),
      }),
    "lists images with the references of others": () =>
      alteredMemory({
        reference: ({ listImages }) => ({
          async listImages(options) {
            const listing = await listImages(options);
            const [first] = listing.images;
            const images = listing.images.map((image) => ({
              ...image,
              reference: first?.reference ?? image.reference,
            }));
            return { ...listing, images };
          },
        }),
      }),
  },
  "destination/locate-blob": {
    "has a method in a location": () =>
      alteredMemory({
        destination: ({ locateBlob }) => ({
          locateBlob: (blob) => {
            const location = locateBlob(blob);
            return location && Object.assign({}, location, { go() {} });
          },
        }),
      }),
    "has a scope for each blob": () =>
      alteredMemory({
        destination: () => ({
          locateBlob: ({ digest = "" }) => ({ transport: "memory", scope: digest, path: "" }),
        }),
      }),
    "has other locations at each opening": () => {
      let count = 0;
      return alteredMemory({
        destination: () => {
          const path = String(count++);
          return { locateBlob: () => ({ transport: "memory", scope: "the store", path }) };
        },
      });
    },
  },
  "destination/list-tags": {
    "lists the first tag only": () =>
      alteredMemory({
        transport: ({ listTags }) => ({
          async *listTags(reference) {
            for await (const tag of listTags?.(reference) ?? []) {
              yield tag;
              return;
            }
          },
        }),
      }),
    "lists each tag twice": () =>
      alteredMemory({
        transport: ({ listTags }) => ({
          async *listTags(reference) {
            for await (const tag of listTags?.(reference) ?? []) yield* [tag, tag];
          },
        }),
      }),
  },
  "destination/garbage": {
    "deletes the image": () =>
      alteredMemory({
        transport: () => ({
          async collectGarbage(reference) {
            await reference.deleteImage?.();
            return [];
          },
        }),
      }),
  },
};
