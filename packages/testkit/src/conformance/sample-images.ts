import { mediaTypes } from "@drayage/core";
import type { ImageReference } from "@drayage/core";

import type { AssembledImage } from "../random/assembled-image.ts";
import { randomImage } from "../random/random-image.ts";
import type { RandomImageOptions } from "../random/random-image.ts";
import { randomIndex } from "../random/random-index.ts";
import type { WholeImage } from "../random/whole-image.ts";
import { writeImage } from "../random/write-image.ts";
import type { Abilities, TransportUnderTest } from "./requirement.ts";

/** An image that the store accepts without conversion: OCI if possible, uncompressed if required. */
export async function imageFor(
  { accepts }: Pick<Abilities, "accepts">,
  seed: string,
  options: Pick<RandomImageOptions, "layers" | "layerSize"> = {},
): Promise<AssembledImage> {
  const format = acceptsType(accepts, mediaTypes.ociManifest) ? "oci" : "docker";
  const compression = accepts?.layers === "decompress" ? "none" : "gzip";
  return recentImage(seed, { format, compression, ...options });
}

/** The last generated images, because many requirements use the same image. */
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

/** An index that a store with `indexes` accepts without conversion. */
export async function indexFor(
  { accepts }: Pick<Abilities, "accepts">,
  seed: string,
): Promise<WholeImage> {
  const format = acceptsType(accepts, mediaTypes.ociIndex) ? "oci" : "docker";
  const compression = accepts?.layers === "decompress" ? "none" : "gzip";
  return randomIndex(seed, { format, compression });
}

/** An index if the store accepts indexes, else an image. */
export async function indexOrImageFor(abilities: Abilities, seed: string): Promise<WholeImage> {
  return abilities.indexes ? indexFor(abilities, seed) : imageFor(abilities, seed);
}

/** Whether the destination accepts the media type. */
export function acceptsType(accepts: Abilities["accepts"], mediaType: string): boolean {
  return accepts?.manifestMIMETypes?.includes(mediaType) ?? true;
}

/** Stores an image, through the transport or with `store`, and returns its reference. */
export async function storeImage(
  image: WholeImage,
  { store, freshReference }: TransportUnderTest,
): Promise<ImageReference> {
  if (store !== undefined) return store(image);
  const reference = await freshReference();
  await writeImage(image, reference);
  return reference;
}
