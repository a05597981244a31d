import type { OperationOptions } from "@drayage/core";
import { LayoutDestination, nameToWrite } from "@drayage/image-layout";

import { refuseArchive } from "./archive/s3-archive.ts";
import { S3Layout } from "./layout/s3-layout.ts";
import type { S3Store } from "./layout/s3-store.ts";
import { selectorOf } from "./s3-location.ts";
import type { S3ImageReference } from "./s3-location.ts";

/** Opens a layout for writing; writes nothing yet. @throws ImageError `invalid-reference` for a digest, `unsupported` for an archive */
export async function openS3Destination(
  reference: S3ImageReference,
  store: S3Store,
  options: OperationOptions = {},
): Promise<LayoutDestination> {
  options.signal?.throwIfAborted();
  refuseArchive(reference, "cannot be written");
  const name = nameToWrite(selectorOf(reference));
  const layout = new S3Layout(store, reference);
  const { layers } = store.settings;
  return LayoutDestination.open(reference, layout, { name, layers }, options);
}
