import { mediaTypes } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import type { AssembledImage } from "../random/assembled-image.ts";
import { randomImage } from "../random/random-image.ts";
import type { RandomImageOptions } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { writeImage } from "../random/write-image.ts";
import type { Abilities, TransportUnderTest } from "./requirement.ts";

/** An image that can be written to the place as it is: OCI's where that is taken, unpacked where layers have to be. */
export async function imageFor(
  { accepts }: Pick<Abilities, "accepts">,
  seed: string,
  options: Pick<RandomImageOptions, "layers" | "layerSize"> = {},
): Promise<AssembledImage> {
  const format = takes(accepts, mediaTypes.ociManifest) ? "oci" : "docker";
  const compression = accepts?.layers === "decompress" ? "none" : "gzip";
  return recentImage(seed, { format, compression, ...options });
}

/** The last images that were generated: many requirements use the same one. */
const recent = new Map<string, Promise<AssembledImage>>();
const maxRecent = 40;

function recentImage(seed: string, options: RandomImageOptions): Promise<AssembledImage> {
  const key = JSON.stringify([seed, options]);
  const image = recent.get(key) ?? randomImage(seed, options);
  recent.delete(key);
  recent.set(key, image);
  const [oldest] = recent.keys();
  if (recent.size > maxRecent && oldest !== undefined) recent.delete(oldest);
  return image;
}

/** An index that a place of `indexes` takes as it is. */
export async function indexFor(
  { accepts }: Pick<Abilities, "accepts">,
  seed: string,
): Promise<WholeImage> {
  const format = takes(accepts, mediaTypes.ociIndex) ? "oci" : "docker";
  const compression = accepts?.layers === "decompress" ? "none" : "gzip";
  return randomIndex(seed, { format, compression });
}

/** An index where the place takes one, else an image. */
export async function indexOrImageFor(abilities: Abilities, seed: string): Promise<WholeImage> {
  return abilities.indexes ? indexFor(abilities, seed) : imageFor(abilities, seed);
}

/** True for a type that the destination takes as it is. */
export function takes(accepts: Abilities["accepts"], mediaType: string): boolean {
  return accepts?.manifestMIMETypes?.includes(mediaType) ?? true;
}

/** Where the image lies now: written through the transport, or put there by other means. */
export async function storeImage(
  image: WholeImage,
  { store, freshReference }: TransportUnderTest,
): Promise<ImageReference> {
  if (store !== undefined) return store(image);
  const reference = await freshReference();
  await writeImage(image, reference);
  return reference;
}
