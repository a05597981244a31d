import type { DestinationAccepts } from "@drayage/core";

/** How an `ociLayout()` keeps images. */
export interface OCILayoutSettings {
  /** A folder for the blobs of several layouts, instead of the `blobs` of each. Nothing is ever deleted in it. */
  readonly sharedBlobDir?: string | undefined;
  /**
   * What becomes of layers that are copied here. Default `preserve`: the same bytes, and so the same digests; but layers
   * of docker archives, engines and root file systems, which have no manifest of their own, are compressed.
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}
