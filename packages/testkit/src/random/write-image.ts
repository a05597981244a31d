import { ImageError, imageName } from "@drayage/core";
import type { Descriptor, Digest, ImageDestination, ImageReference } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";

import type { WholeImage } from "./whole-image.ts";

/** Writes an image through the transport contract. @throws ImageError */
export async function writeImage(image: WholeImage, to: ImageReference): Promise<void> {
  await using destination = await to.newImageDestination?.();
  if (destination === undefined) {
    throw new ImageError("unsupported", `${imageName(to)} is read-only; use a writable transport`);
  }
  await putImage(image, destination);
  await destination.commit();
}

/** A reference to the image in its own memory transport, as the source of a copy. */
export async function inMemory(image: WholeImage): Promise<ImageReference> {
  const reference = memory().parseReference("image");
  await writeImage(image, reference);
  return reference;
}

/** Writes everything without the commit. */
export async function putImage(image: WholeImage, destination: ImageDestination): Promise<void> {
  await putBlobs(image, destination);
  for (const instance of image.instances) {
    await destination.putManifest(instance, { instance: instance.digest });
  }
  await destination.putManifest(image.manifest);
}

/** Writes all blobs of an image and its instances, each once. */
export async function putBlobs(image: WholeImage, destination: ImageDestination): Promise<void> {
  for (const { blob, isConfig } of blobsToPut(image)) {
    await destination.putBlob(streamOf(bytesOf(image, blob.digest)), blob, { isConfig });
  }
}

interface BlobToPut {
  readonly blob: Descriptor;
  readonly isConfig: boolean;
}

/** Configs and layers, each once. */
export function blobsToPut({ manifest, instances }: WholeImage): Iterable<BlobToPut> {
  const blobs = [...instances, manifest].map(parseManifest).flatMap((parsed) => {
    if (parsed.kind !== "image") return [];
    const layers = parsed.layers.map((blob) => ({ blob, isConfig: false }));
    return [{ blob: parsed.config, isConfig: true }, ...layers];
  });
  return new Map(blobs.map((each) => [each.blob.digest, each])).values();
}

/** @throws ImageError `not-found` */
export function bytesOf({ blobs }: WholeImage, digest: Digest): Uint8Array {
  const bytes = blobs.get(digest);
  if (bytes === undefined)
    throw new ImageError("not-found", `The image does not contain the blob ${digest}`);
  return bytes;
}
