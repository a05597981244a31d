import { ImageError, imageName } from "@drayage/core";
import type { ImageReference, OperationOptions } from "@drayage/core";

import { checkLayoutFile } from "./layout-file.ts";
import { parseLayoutIndex } from "./layout-index.ts";
import type { LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";

/** @throws ImageError `not-found`, `unsupported`, `invalid-manifest` */
export async function readIndex(
  reference: ImageReference,
  layout: LayoutReader,
  options: OperationOptions,
): Promise<LayoutIndex> {
  const [layoutFile, index] = await Promise.all([
    layout.readFile("oci-layout", options),
    layout.readFile("index.json", options),
  ]);
  checkLayoutFile(layout.place, layoutFile);
  if (index !== undefined) return parseLayoutIndex(index);
  throw new ImageError("not-found", `No image layout in ${layout.place}: it has no index.json`, {
    reference: imageName(reference),
  });
}
