import type { ImageReference, ImageSource } from "@drayage/core";

import type { WholeImage } from "../random/whole-image.ts";
import type { Abilities, TransportUnderTest } from "./requirement.ts";
import { imageFor, storeImage } from "./sample-images.ts";

/** An image in the store, with an open source. */
export interface StoredImage {
  readonly reference: ImageReference;
  readonly image: WholeImage;
  readonly source: ImageSource;
}

/** Stores an image and opens its source during the check. */
export async function withStoredImage(
  subject: TransportUnderTest,
  abilities: Abilities,
  check: (stored: StoredImage) => Promise<void>,
  { layerSize = 4096 }: { readonly layerSize?: number } = {},
): Promise<void> {
  const image = await imageFor(abilities, "stored", { layers: 2, layerSize });
  const reference = await storeImage(image, subject);
  await using source = await reference.newImageSource();
  await check({ reference, image, source });
}

/** Whether the store can have images. */
export function reads(abilities: Abilities): boolean {
  return abilities.reads;
}
