import type { Digest } from "../names/digest.ts";
import type { BlobInfo, BlobLocation } from "./blob-info.ts";
import type { ByteRange } from "./byte-range.ts";
import type { ImageReference } from "./image-reference.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { RawManifest } from "./raw-manifest.ts";
import type { Signature } from "./signature.ts";

/** What a source can do, as plain data. */
export interface SourceOffers {
  /** How many blobs may be read at once. */
  readonly parallelBlobs: number;
  /** Whether `getBlob` understands `range`. */
  readonly ranges: boolean;
  /** True where no manifest is stored, and the one that is read is generated. Default false. */
  readonly generatesManifests?: boolean | undefined;
  /** True if `statBlob` returns digests: an image can then be verified without reading it. Default false. */
  readonly storedDigests?: boolean | undefined;
  /** True if the bytes are on this machine, so a copy may read the beginning or the end of a blob twice. Default false. */
  readonly isLocal?: boolean | undefined;
  /** What reading costs, in requests to another machine. Default: none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
}

export interface GetBlobOptions extends OperationOptions {
  /** Only where the source offers ranges. */
  readonly range?: ByteRange | undefined;
  /**
   * True if the caller has used each chunk before it requests the next: the source may then write the next one into the
   * same buffer. Otherwise chunks stay intact. Default false.
   */
  readonly reuseBuffers?: boolean | undefined;
}

export interface ReferrersOptions extends OperationOptions {
  /** Only those of this type are wanted; others may come all the same. */
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

/** Images of one place, open for reading. Disposing of it closes them all; they are not disposed of one by one. */
export interface OpenImages extends AsyncDisposable {
  readonly sources: readonly ImageSource[];
}

/** One image, open for reading. Nothing that it gives is verified: core does that for all. */
export interface ImageSource extends AsyncDisposable {
  /** As the user gave it, not as the image or its storage names itself. */
  readonly reference: ImageReference;
  readonly offers: SourceOffers;
  /**
   * The manifest exactly as stored or, given a digest, that one: out of its index, or one that refers to the image.
   * @throws ImageError `not-found`
   */
  getManifest(instance?: Digest, options?: OperationOptions): Promise<RawManifest>;
  /**
   * Lazy: opens on the first pull; leaving the loop closes. `blob.digest` is required. Once `options.signal` is aborted,
   * the next pull rejects with its reason, unless all bytes have been read. @throws ImageError `not-found`
   */
  getBlob(blob: BlobInfo, options?: GetBlobOptions): AsyncIterable<Uint8Array>;
  /** Where the blob lies, for a destination that could take it from there without our reading it. */
  locateBlob?(blob: BlobInfo): BlobLocation | undefined;
  /** Returns undefined if the blob is absent. */
  statBlob?(blob: BlobInfo, options?: OperationOptions): Promise<BlobStat | undefined>;
  /** Of the image or, given a digest, of that instance. Absent where signatures are not stored. */
  getSignatures?(instance?: Digest, options?: OperationOptions): Promise<readonly Signature[]>;
  /**
   * Manifests whose `subject` is this one (OCI image-spec 1.1), then those under the tags of `digestTagsOf(subject)`:
   * cosign's `sha256-….sig`, `.att`, `.sbom`. Absent if none can be stored.
   */
  getReferrers?(subject: Digest, options?: ReferrersOptions): AsyncIterable<Referrer>;
}
