import { ImageError } from "@drayage/core";
import type { ImageReference, ImageSource, OpenImages, OperationOptions } from "@drayage/core";
import {
  archivedImageNames,
  openArchiveBytes,
  openArchivedImage,
  openArchivedImages,
} from "@drayage/image-archive";

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

/** Opens all images in an archive in a bucket or, if the reference names one, that image. */
export async function openS3ArchiveImages(
  reference: S3ImageReference,
  store: S3Store,
  referenceTo: (tag: string) => ImageReference,
  options: OperationOptions = {},
): Promise<OpenImages> {
  const object = await ArchiveObject.open(store, reference, options);
  const archive = await openArchiveBytes(object, options);
  return openArchivedImages(reference, archive, reference.tag, referenceTo, options);
}

/** The names of all images in an archive in a bucket. */
export async function namesInS3Archive(
  reference: S3ImageReference,
  store: S3Store,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  const object = await ArchiveObject.open(store, reference, options);
  await using archive = await openArchiveBytes(object, options);
  return await archivedImageNames(reference, archive, options);
}

/** Rejects archives, which are read-only. `what` is the end of a sentence about the operation. @throws ImageError `unsupported` */
export function refuseArchive({ bucket, prefix }: S3Folder, what: string): void {
  if (!isArchive({ prefix })) return;
  throw new ImageError(
    "unsupported",
    `s3://${bucket}/${prefix} is an archive, which ${what}: archives in buckets are read-only. Write docker-archive: or oci-archive: and upload the file, or write to a layout, s3://BUCKET/PREFIX:TAG`,
  );
}
