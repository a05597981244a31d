import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import type { Digest } from "../names/digest.ts";

/** The manifests and signatures of one name. Blobs are shared by all names. */
export interface StoredImage {
  readonly top: RawManifest & { readonly digest: Digest };
  /** The instances of an index, and referrers. */
  readonly instances: ReadonlyMap<Digest, RawManifest>;
  /** The digests of tagged referrers. */
  readonly tags: ReadonlyMap<string, Digest>;
  readonly signatures: ReadonlyMap<Digest, readonly Signature[]>;
}

/** The content of one memory transport. */
export interface MemoryStore {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly images: Map<string, StoredImage>;
}
