import type { DestinationAccepts } from "@drayage/core";

/** How an `ociArchive()` writes. */
export interface OCIArchiveSettings {
  /** Whether images are added to an archive that is there. Default: it is replaced. */
  readonly append?: boolean | undefined;
  /**
   * What becomes of layers that are copied here. Default `preserve`: the same bytes, and so the same digests; but layers
   * of docker archives, engines and root file systems, which have no manifest of their own, are compressed.
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}
