import type { DestinationAccepts } from "@drayage/core";

/** Settings of `ociArchive()`. */
export interface OCIArchiveSettings {
  /** Whether to add images to an existing archive. Default: an existing archive is replaced. */
  readonly append?: boolean | undefined;
  /**
   * How layers are stored. Default `preserve`: the same bytes and digests. Layers of sources that generate manifests
   * (docker archives, engines and root file systems) are compressed.
   */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}
