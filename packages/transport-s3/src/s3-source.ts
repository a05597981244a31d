import type { Digest, ImageListing, ImageSource, OperationOptions } from "@drayage/core";
import { LayoutSource } from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

import { listS3ArchiveImages, openS3Archive } from "./archive/s3-archive.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import type { S3Store } from "./layout/s3-store.ts";
import { formatTag, isArchive, selectorOf } from "./s3-location.ts";
import type { S3ImageReference, S3Location } from "./s3-location.ts";

/** Opens an image for reading. @throws ImageError `not-found`, with the available images */
export async function openS3Source(
  reference: S3ImageReference,
  store: S3Store,
  options: OperationOptions = {},
): Promise<ImageSource> {
  options.signal?.throwIfAborted();
  if (isArchive(reference)) return openS3Archive(reference, store, options);
  const layout = new S3Layout(store, reference);
  return LayoutSource.open(reference, layout, selectorOf(reference), options);
}

/** Lists all images of a layout or archive. `referenceTo` creates their references. */
export async function listS3Images(
  reference: S3ImageReference,
  store: S3Store,
  referenceTo: (image: Pick<S3Location, "tag" | "digest">) => S3ImageReference,
  options: OperationOptions = {},
): Promise<ImageListing> {
  options.signal?.throwIfAborted();
  const toTagged = (tag: string): S3ImageReference => referenceTo({ tag, digest: undefined });
  if (isArchive(reference)) return listS3ArchiveImages(reference, store, toTagged, options);
  const toOne = (selector: ImageSelector, digest: Digest): S3ImageReference =>
    selector.kind === "name" ? toTagged(selector.name) : referenceTo({ tag: undefined, digest });
  const layout = new S3Layout(store, reference);
  const listing = await LayoutSource.list(reference, layout, toOne, options);
  const images = listing.images.map((image) => ({ ...image, names: image.names.map(formatTag) }));
  return { ...listing, images };
}
