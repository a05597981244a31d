import type { ImageReference } from "@drayage/core";

/** The names of all images in the location of the reference. */
export async function imageNames(reference: ImageReference): Promise<readonly string[]> {
  await using listing = await reference.listImages?.();
  return [...new Set(listing?.images.flatMap(({ names }) => names))];
}
