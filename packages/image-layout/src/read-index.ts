import { ImageError, imageName } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";

import { checkLayoutFile } from "./layout-file.ts";
import { parseLayoutIndex } from "./layout-index.ts";
import type { LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";

/** Reads `index.json`, after checking `oci-layout`. @throws ImageError `not-found`, `unsupported`, `invalid-manifest` */
export async function readIndex(
  reference: ImageReference,
  layout: LayoutReader,
  options: OperationOptions,
): Promise<LayoutIndex> {
  const [layoutFile, index] = await Promise.all([
    layout.readFile("oci-layout", options),
    layout.readFile("index.json", options),
  ]);
  checkLayoutFile(layout.location, layoutFile);
  if (index !== undefined) return parseLayoutIndex(index);
  throw new ImageError("not-found", `No image layout in ${layout.location}: it has no index.json`, {
    reference: imageName(reference),
  });
}
