import type { ImageListing } from "../../src/contract/image-listing.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { memory } from "../../src/memory/index.ts";
import { write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

/** Stores an image in memory. */
export async function stored(image: SampleImage, name = "sample"): Promise<ImageReference> {
  const reference = memory().parseReference(name);
  await write(image, reference);
  return reference;
}

/** A reference to several images. */
export function several(...references: readonly ImageReference[]): ImageReference {
  const [first] = references;
  return Object.assign(Object.create(first ?? null) as ImageReference, {
    isLocation: true,
    listImages: async (): Promise<ImageListing> => ({
      images: references.map((reference, position) => ({
        names: [`@${position}`],
        reference,
        newImageSource: (options) => reference.newImageSource(options),
      })),
      [Symbol.asyncDispose]: async () => {},
    }),
  });
}
