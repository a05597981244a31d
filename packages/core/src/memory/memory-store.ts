import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import type { Digest } from "../names/digest.ts";

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
