import type { Digest } from "../digest.ts";
import type { RawManifest } from "../raw-manifest.ts";
import type { Signature } from "../signature.ts";

/** One image as memory keeps it: blobs are shared, manifests and signatures belong to the name. */
export interface StoredImage {
  readonly top: RawManifest & { readonly digest: Digest };
  /** Those that an index names, and those that refer to the image. */
  readonly instances: ReadonlyMap<Digest, RawManifest>;
  /** Other names of some of these. */
  readonly tags: ReadonlyMap<string, Digest>;
  readonly signatures: ReadonlyMap<Digest, readonly Signature[]>;
}

export interface MemoryStore {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly images: Map<string, StoredImage>;
}
