import type { Digest } from "../names/digest.ts";
import type { OperationOptions } from "./operation-options.ts";

/**
 * What copies learnt of blobs, for copies to come to save work. Nothing depends on it: what is forgotten is found out
 * again. Core records only what it read whole itself, and nothing of how encrypted layers are packed.
 */
export interface BlobInfoCache {
  /** What is known of these blobs; those of which nothing is are left out. Without a scope no locations are known. */
  recall(
    digests: readonly Digest[],
    scope?: BlobScope,
    options?: OperationOptions,
  ): Promise<ReadonlyMap<Digest, RecalledBlob>>;
  /** Does not fail where facts cannot be kept; `onNotice` is told of that. */
  record(facts: readonly BlobFact[], options?: OperationOptions): Promise<void>;
}

/** What is known of a blob, the newest first. */
export interface RecalledBlob {
  /** Blobs that unpack to it. A cache that lies here puts other content into an image. */
  readonly packed: readonly PackedForm[];
  /** Where in the scope it was seen, and may not be any more. */
  readonly locations: readonly string[];
}

/** A blob that is another one, packed. */
export interface PackedForm {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly compression: "gzip" | "zstd";
}

/** Within it a blob can be made part of another image without being sent: a registry, a bucket. */
export interface BlobScope {
  /** The transport's name. */
  readonly transport: string;
  readonly scope: string;
}

/** Something that a copy learnt. */
export type BlobFact =
  | {
      readonly kind: "packed";
      /** Of the blob unpacked. */
      readonly digest: Digest;
      readonly form: PackedForm;
    }
  | {
      readonly kind: "seen";
      readonly digest: Digest;
      readonly scope: BlobScope;
      /** Where in that scope: a repository, a key. */
      readonly location: string;
    };
