import type { Digest, RawManifest } from "@drayage/core";

/** An image or an index with all its content, in memory. `@drayage/testkit` generates such images. */
export interface StoredImage {
  readonly manifest: RawManifest & { readonly digest: Digest };
  /** The manifests of an index, at any depth. */
  readonly instances: readonly RawManifest[];
  /** Configs and layers of all manifests. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}
