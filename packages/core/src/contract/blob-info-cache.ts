import type { Digest } from "../names/digest.ts";
import type { OperationOptions } from "./operation-options.ts";

/**
 * Facts about blobs from earlier copies. They save work and are never required. A copy records only facts about bytes
 * that it read completely, and no compressed forms of encrypted layers.
 */
export interface BlobInfoCache {
  /** Returns what is cached for these blobs; a blob without entries is absent. Without a scope it returns no locations. */
  lookUp(
    digests: readonly Digest[],
    scope?: BlobScope,
    options?: OperationOptions,
  ): Promise<ReadonlyMap<Digest, CachedBlob>>;
  /** Does not fail if the facts cannot be stored; it calls `onNotice` instead. */
  record(facts: readonly BlobFact[], options?: OperationOptions): Promise<void>;
}

/** The entries of one blob, newest first. */
export interface CachedBlob {
  /** Blobs that decompress to this one. A false entry would put other content into an image. */
  readonly compressed: readonly CompressedForm[];
  /**
   * What this blob decompresses to; undefined if that is not cached. A false entry would put a wrong DiffID into a config.
   */
  readonly uncompressed?: UncompressedForm | undefined;
  /** The values of `BlobLocation.path` at which the blob was stored. It may have been deleted since. */
  readonly paths: readonly string[];
}

/** The compressed form of another blob. */
export interface CompressedForm {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly compression: "gzip" | "zstd";
  /** The compressor of a format that extends `compression`. Default: none. */
  readonly compressor?: UsedCompressor | undefined;
}

/** A compressor that made a layer. */
export interface UsedCompressor {
  /** `zstd:chunked`. */
  readonly name: string;
  /** The annotations that it adds to the descriptor of the layer. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The uncompressed form of another blob. */
export interface UncompressedForm {
  readonly digest: Digest;
  /** The compression of the other blob. */
  readonly compression: "gzip" | "zstd";
}

/** A store within which a blob can become part of another image without an upload, like in `BlobLocation`. */
export interface BlobScope {
  readonly transport: string;
  readonly scope: string;
}

/** A fact about a blob, to be cached. */
export type BlobFact =
  | {
      readonly kind: "compressed";
      /** The digest of the uncompressed blob. */
      readonly digest: Digest;
      readonly form: CompressedForm;
    }
  | {
      readonly kind: "location";
      readonly digest: Digest;
      readonly scope: BlobScope;
      /** The path of the blob in the scope. */
      readonly path: string;
    };
