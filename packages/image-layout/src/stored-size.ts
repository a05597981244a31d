import type { Digest, OperationOptions } from "@drayage/core";

import type { LayoutReader } from "./layout-store.ts";

/** The size of a blob in bytes; undefined if it is absent, or if the store knows that its bytes have another digest. */
export async function storedSizeOf(
  layout: LayoutReader,
  digest: Digest,
  options: OperationOptions = {},
): Promise<number | undefined> {
  const stored = await layout.statBlob(digest, options);
  return stored === undefined || (stored.digest ?? digest) !== digest ? undefined : stored.size;
}
