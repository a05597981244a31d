import type { ImageReference, OperationOptions } from "@drayage/core";

import { nameOfEntry } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { readIndex } from "./read-index.ts";

/**
 * How each image in a layout is called, in the order of `index.json`: `@N` where it has no name. The reference is for messages.
 * @throws ImageError `not-found`, `unsupported`, `invalid-manifest`
 */
export async function imageNamesIn(
  reference: ImageReference,
  layout: LayoutReader,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  const { entries } = await readIndex(reference, layout, options);
  return entries.map((entry, at) => nameOfEntry(entry) ?? `@${at}`);
}
