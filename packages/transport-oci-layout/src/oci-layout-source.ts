import type { OperationOptions } from "@drayage/core";
import { LayoutSource } from "@drayage/image-layout";

import { DiskLayout } from "./disk-layout.ts";
import type { LayoutReference } from "./layout-reference.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";

/** Opens an image for reading. @throws ImageError `not-found`, with the available images */
export async function openOCILayoutSource(
  reference: LayoutReference,
  { sharedBlobDir }: OCILayoutSettings,
  options: OperationOptions = {},
): Promise<LayoutSource> {
  options.signal?.throwIfAborted();
  const layout = new DiskLayout(reference.folder, sharedBlobDir);
  return LayoutSource.open(reference, layout, reference.selector, options);
}
