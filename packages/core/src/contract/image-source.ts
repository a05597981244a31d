import type { Digest } from "../names/digest.ts";
import type { BlobInfo, BlobLocation } from "./blob-info.ts";
import type { ByteRange } from "./byte-range.ts";
import type { ImageReference } from "./image-reference.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { RawManifest } from "./raw-manifest.ts";
import type { Signature } from "./signature.ts";

/** What a source can do, as plain data. */
export interface SourceOffers {
  /** The maximum number of blobs read at once. */
  readonly parallelBlobs: number;
  /** Whether `getBlob` supports `range`. */
  readonly ranges: boolean;
  /** True if the store has no manifest and the source generates one. Default false. */
  readonly generatesManifests?: boolean | undefined;
  /** True if `statBlob` returns digests: an image can then be verified without reading it. Default false. */
  readonly storedDigests?: boolean | undefined;
  /** True if the bytes are on this machine, so a copy may read the beginning or the end of a blob twice. Default false. */
  readonly isLocal?: boolean | undefined;
  /** The cost of reading, in requests to another machine. Default: none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
}

/** Options of `getBlob`. */
export interface GetBlobOptions extends OperationOptions {
  /** The range to read. Only set if `offers.ranges` is true. */
  readonly range?: ByteRange | undefined;
  /**
   * True if the caller has used each chunk before it requests the next: the source may then write the next one into the
   * same buffer. Otherwise chunks stay intact. Default false.
   */
  readonly reuseBuffers?: boolean | undefined;
}

/** Options of `getReferrers`. */
export interface ReferrersOptions extends OperationOptions {
  /** A filter. The source may still return referrers of other types. */
  readonly artifactType?: string | undefined;
}

/** A manifest that refers to another. A `Descriptor` without a tag is one. */
export interface Referrer extends BlobInfo {
  readonly digest: Digest;
  readonly artifactType?: string | undefined;
  /** The tag that is derived from the subject's digest, if the referrer is found by that instead of its `subject`. */
  readonly tag?: string | undefined;
}

/** What a store returns about a blob without reading it. */
export interface BlobStat {
  /** Bytes. */
  readonly size: number;
  /** The digest that the store itself computed over all bytes when it received them; undefined if it keeps none. */
  readonly digest?: Digest | undefined;
}

/** One image, open for reading. Its data is unverified: core verifies it. */
export interface ImageSource extends AsyncDisposable {
  /** The reference that the user specified. */
  readonly reference: ImageReference;
  readonly offers: SourceOffers;
  /**
   * The bytes of the manifest as stored. `instance` selects an instance of the index or a referrer of the image.
   * @throws ImageError `not-found`
   */
  getManifest(instance?: Digest, options?: OperationOptions): Promise<RawManifest>;
  /**
   * Reads a blob. `blob.digest` is required. Opens it on the first pull, and closes it when the loop ends. Once
   * `options.signal` is aborted, the next pull rejects with its reason, unless all bytes have been read.
   * @throws ImageError `not-found`
   */
  getBlob(blob: BlobInfo, options?: GetBlobOptions): AsyncIterable<Uint8Array>;
  /** The location of a blob, for a destination that can copy it from there by itself. */
  locateBlob?(blob: BlobInfo): BlobLocation | undefined;
  /** Returns undefined if the blob is absent. */
  statBlob?(blob: BlobInfo, options?: OperationOptions): Promise<BlobStat | undefined>;
  /** The signatures of the image or of an instance. Absent if signatures are not supported. */
  getSignatures?(instance?: Digest, options?: OperationOptions): Promise<readonly Signature[]>;
  /**
   * The manifests with this `subject` (OCI image-spec 1.1), then those with the tags of `digestTagsOf(subject)`:
   * cosign's `sha256-….sig`, `.att`, `.sbom`. Absent if referrers are not supported.
   */
  getReferrers?(subject: Digest, options?: ReferrersOptions): AsyncIterable<Referrer>;
}
