import type { Digest, ImageSource, OpenImages, OperationOptions } from "@drayage/core";
import { LayoutSource } from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

import { openS3Archive, openS3ArchiveImages } from "./archive/s3-archive.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import type { S3Store } from "./layout/s3-store.ts";
import { isArchive, selectorOf } from "./s3-location.ts";
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

/** Opens all images of a layout or archive or, if the reference selects one, that image. `referenceTo` creates their references. */
export async function openS3Sources(
  reference: S3ImageReference,
  store: S3Store,
  referenceTo: (image: Pick<S3Location, "tag" | "digest">) => S3ImageReference,
  options: OperationOptions = {},
): Promise<OpenImages> {
  options.signal?.throwIfAborted();
  const toTagged = (tag: string): S3ImageReference => referenceTo({ tag, digest: undefined });
  if (isArchive(reference)) return openS3ArchiveImages(reference, store, toTagged, options);
  const toOne = (selector: ImageSelector, digest: Digest): S3ImageReference =>
    selector.kind === "name" ? toTagged(selector.name) : referenceTo({ tag: undefined, digest });
  const layout = new S3Layout(store, reference);
  return LayoutSource.openAll(reference, layout, selectorOf(reference), toOne, options);
}
