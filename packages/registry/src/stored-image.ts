import type { Digest, RawManifest } from "@drayage/core";

/** An image or an index with all that belongs to it, in memory. Those that `@drayage/testkit` generates are such. */
export interface StoredImage {
  readonly manifest: RawManifest & { readonly digest: Digest };
  /** The manifests that an index lists, at any depth. */
  readonly instances: readonly RawManifest[];
  /** Configs and layers of all manifests. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}
