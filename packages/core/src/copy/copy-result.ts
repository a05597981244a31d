import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Digest } from "../names/digest.ts";
import type { WrittenLedger } from "./conversion-ledger.ts";

/** A manifest with another digest at the destination. */
export interface DigestChange {
  readonly from: Digest;
  readonly to: Digest;
  readonly reason: string;
}

/** The result of a copy. */
export interface CopyResult {
  /** The digest that the destination's reference names now. */
  readonly digest: Digest;
  readonly manifest: RawManifest;
  /** The digest that the source's reference names. */
  readonly sourceDigest: Digest;
  /** Empty if no manifest changed. */
  readonly changes: readonly DigestChange[];
  /** True if the destination already had the image, so nothing was written. */
  readonly alreadyThere: boolean;
  /** The number of copied referrers. */
  readonly referrers: number;
  /** The conversion ledger; undefined unless one was requested and the destination did not have the image. */
  readonly conversionLedger?: WrittenLedger | undefined;
  readonly blobs: {
    readonly copied: number;
    readonly reused: number;
    /** The reused blobs that the destination cloned, linked or copied without receiving their bytes. */
    readonly cloned: number;
    /** Bytes at the source, like the other totals. */
    readonly copiedBytes: number;
    readonly reusedBytes: number;
    readonly clonedBytes: number;
  };
}
