import type { Digest } from "../names/digest.ts";

/** The type of a conversion ledger: the `artifactType` of its manifest, and the media type of its JSON. */
export const conversionLedgerType = "application/vnd.drayage.conversion.v1+json";

/** What a conversion ledger contains beside the changes. It has no time and no name, so that equal copies have equal ledgers. */
export interface ConversionLedgerOptions {
  /** The program and its version: `drayage 1.0.0`. Default: none. */
  readonly tool?: string | undefined;
  /** The time of the conversion (RFC 3339). Default: none. */
  readonly created?: string | undefined;
}

/** Records which digests a copy changed, and why. It is stored as a referrer of the new image. */
export interface ConversionLedger {
  readonly ledgerVersion: 1;
  readonly tool?: string | undefined;
  readonly created?: string | undefined;
  /** The index that the source's reference named, if one image of it was copied. */
  readonly selectedFrom?: Digest | undefined;
  /** The image or index that was copied. */
  readonly image: LedgerChange;
  /** The changed instances of an index, in the order in which they were planned. */
  readonly instances: readonly LedgerChange[];
  /** The changed layers and configs. */
  readonly blobs: readonly LedgerChange[];
  /** The referrers of the old manifests. They do not refer to the new ones. */
  readonly referrersLeftBehind: readonly LeftReferrer[];
}

/** A referrer of an old manifest. */
export interface LeftReferrer {
  /** The old manifest. */
  readonly subject: Digest;
  /** The digest of the referrer. */
  readonly digest: Digest;
  /** The tag of the referrer, if it is found by its tag. */
  readonly tag?: string | undefined;
}

/** One change of a digest. */
export interface LedgerChange {
  readonly from: LedgerEntry;
  readonly to: LedgerEntry;
  readonly because: string;
}

/** A manifest or a blob. */
export interface LedgerEntry {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Absent for blobs, whose media types are in their manifests. */
  readonly mediaType?: string | undefined;
}

/** The ledger of a copy. */
export interface WrittenLedger {
  /** The digest of its manifest; undefined if no digest changed, so that none was written. */
  readonly digest: Digest | undefined;
  /** The referrers of the old manifests, which do not refer to the new ones. */
  readonly referrersLeftBehind: readonly LeftReferrer[];
}
