import type { BlobInfoCache } from "../contract/blob-info-cache.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import type { DiffID } from "./diff-id.ts";

interface CacheOptions extends OperationOptions {
  readonly cache?: BlobInfoCache | undefined;
}

/** The DiffID of a layer that an earlier copy computed, so that the layer need not be read; undefined if it is not cached. */
export async function cachedDiffID(
  layer: Digest,
  { cache, ...options }: CacheOptions,
): Promise<DiffID | undefined> {
  const found = await cache?.lookUp([layer], undefined, options);
  const diffID = found?.get(layer)?.uncompressed;
  // A DiffID is a sha256 digest, but the uncompressed layer may have been stored under another.
  return diffID !== undefined && algorithmOf(diffID.digest) === "sha256" ? diffID : undefined;
}
