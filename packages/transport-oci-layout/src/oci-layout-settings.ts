import type { DestinationAccepts } from "@drayage/core";

/** Settings of `ociLayout()`. */
export interface OCILayoutSettings {
  /** A folder for the blobs of several layouts, instead of `blobs` in each. Blobs in it are never deleted. */
  readonly sharedBlobDir?: string | undefined;
  /**
   * Whether copied layers are preserved, compressed or decompressed. Default: `preserve`, and `compress` for sources that
   * generate their manifests (docker archives, container engines, root file systems).
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}
