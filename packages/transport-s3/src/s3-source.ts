import type { ImageSource, OperationOptions } from "@drayage/core";
import { LayoutSource } from "@drayage/image-layout";

import { openS3Archive } from "./s3-archive.ts";
import { S3Layout } from "./s3-layout.ts";
import { isArchive, selectorOf } from "./s3-location.ts";
import type { S3Reference } from "./s3-reference.ts";
import type { S3Store } from "./s3-store.ts";

/** @throws ImageError `not-found` that tells which images there are */
export async function openS3Source(
  reference: S3Reference,
  store: S3Store,
  options: OperationOptions = {},
): Promise<ImageSource> {
  options.signal?.throwIfAborted();
  if (isArchive(reference)) return openS3Archive(reference, store, options);
  const layout = new S3Layout(store, reference);
  return LayoutSource.open(reference, layout, selectorOf(reference), options);
}
