import { ImageError } from "@drayage/core";
import type { ImageListing, ImageReference, ImageSource, OperationOptions } from "@drayage/core";
import { listArchivedImages, openArchiveBytes, openArchivedImage } from "@drayage/image-archive";

import type { S3Store } from "../layout/s3-store.ts";
import { isArchive } from "../s3-location.ts";
import type { S3Folder, S3ImageReference } from "../s3-location.ts";
import { ArchiveObject } from "./archive-object.ts";

/** Opens an image in an archive in a bucket. A compressed archive is decompressed into a temporary file first. */
export async function openS3Archive(
  reference: S3ImageReference,
  store: S3Store,
  options: OperationOptions = {},
): Promise<ImageSource> {
  const object = await ArchiveObject.open(store, reference, options);
  const archive = await openArchiveBytes(object, options);
  return openArchivedImage(reference, archive, reference.tag, options);
}

/** Lists all images in an archive in a bucket. */
export async function listS3ArchiveImages(
  reference: S3ImageReference,
  store: S3Store,
  referenceTo: (tag: string) => ImageReference,
  options: OperationOptions = {},
): Promise<ImageListing> {
  const object = await ArchiveObject.open(store, reference, options);
  const archive = await openArchiveBytes(object, options);
  return listArchivedImages(reference, archive, referenceTo, options);
}

/** Rejects archives, which are read-only. `what` is the end of a sentence about the operation. @throws ImageError `unsupported` */
export function refuseArchive({ bucket, prefix }: S3Folder, what: string): void {
  if (!isArchive({ prefix })) return;
  throw new ImageError(
    "unsupported",
    `s3://${bucket}/${prefix} is an archive, which ${what}: archives in buckets are read-only. Write docker-archive: or oci-archive: and upload the file, or write to a layout, s3://BUCKET/PREFIX:TAG`,
  );
}
