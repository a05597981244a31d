import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Digest } from "../names/digest.ts";

/** A manifest that is not the same in the destination. */
export interface DigestChange {
  readonly from: Digest;
  readonly to: Digest;
  readonly reason: string;
}

/** What a copy did. */
export interface CopyResult {
  /** What the destination's reference names now. */
  readonly digest: Digest;
  readonly manifest: RawManifest;
  /** What the source's reference names. */
  readonly sourceDigest: Digest;
  /** Empty where every manifest has the bytes that it had. */
  readonly changes: readonly DigestChange[];
  /** True where the destination had it all, and nothing was written. */
  readonly alreadyThere: boolean;
  /** How many manifests came along because they refer to the image. */
  readonly referrers: number;
  readonly blobs: {
    readonly copied: number;
    readonly reused: number;
    /** Of the reused, those that were cloned, linked or copied into the destination without being read here. */
    readonly cloned: number;
    /** As they were read. */
    readonly copiedBytes: number;
    readonly reusedBytes: number;
    readonly clonedBytes: number;
  };
}
