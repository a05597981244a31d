import type { Manifest } from "../manifest/manifest.ts";
import type { Digest, DigestAlgorithm } from "../names/digest.ts";
import type { BlobInfo, BlobLocation, Descriptor } from "./blob-info.ts";
import type { ImageReference } from "./image-reference.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { RawManifest } from "./raw-manifest.ts";
import type { Signature } from "./signature.ts";

/** What a destination accepts, as plain data, so that a plan does not need an open destination. */
export interface DestinationAccepts {
  /** The accepted media types of manifests, the preferred first. undefined or an empty list accepts any. */
  readonly manifestMIMETypes: readonly string[] | undefined;
  /** False if the store keeps no manifests and generates them from the config and the layers. Default true. */
  readonly preservesManifests?: boolean | undefined;
  /** How the copy transforms layers, unless they must not change. */
  readonly layers: "preserve" | "compress" | "decompress";
  /** The same for layers of a source that generates its manifests. Default: as `layers`. */
  readonly generatedLayers?: "preserve" | "compress" | "decompress" | undefined;
  /** Whether layers with URLs may remain external. */
  readonly foreignLayerURLs: boolean;
  /**
   * True if an index may list instances that the store does not have, else the reason for the user why it may not.
   * undefined if that is unknown: then `putManifest` may reject the index. Default: unknown.
   */
  readonly sparseIndexes?: true | string | undefined;
  /** True if signatures are stored, else the reason for the user why they are not. */
  readonly signatures: true | string;
  /** The same for signatures of the kind `sigstore`. Default: as `signatures`. */
  readonly sigstoreSignatures?: true | string | undefined;
  /**
   * True if referrers of the image are stored with it: `putManifest` then honours `tag`, and `getReferrers` returns
   * manifests that have a `subject`. Default false.
   */
  readonly referrers?: boolean | undefined;
  /** The maximum number of blobs written at once. */
  readonly parallelBlobs: number;
  /** True if `putBlob` has used each chunk before it requests the next: the copy then reads with `reuseBuffers`. */
  readonly reuseBuffers?: boolean | undefined;
  /** The cost of writing, in requests to another machine. Default: none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
}

/** Options of `tryReusingBlob`. */
export interface ReuseOptions extends OperationOptions {
  /** The location of the blob at the source, or a cached location. */
  readonly location?: BlobLocation | undefined;
}

/** A blob that the store reused. */
export interface ReusedBlob extends BlobInfo {
  /** True if the blob was absent before, and the store cloned, linked or copied it by itself. Default false. */
  readonly cloned?: boolean | undefined;
}

/** Options of `tryReusingManifest`. */
export interface ReuseManifestOptions extends OperationOptions {
  /** The location of the manifest at the source. */
  readonly location?: BlobLocation | undefined;
  /** An index that references the manifest and that this destination reused or already names. */
  readonly index?: Digest | undefined;
  /** The manifest itself, if the copy has read it: for stores that keep none and compare its config and layers. */
  readonly manifest?: Manifest | undefined;
}

/** A manifest that the store already has, with everything it references. */
export interface ReusedManifest {
  readonly digest: Digest;
  /** True if the manifest must still be put when any other part of the image is written. Default false. */
  readonly mustBePut?: boolean | undefined;
  /** The manifest that the store returns for the image, if it does not preserve manifests. */
  readonly manifest?: RawManifest | undefined;
}

/** The bytes of a blob to write. */
export interface BlobBody extends AsyncIterable<Uint8Array> {
  /**
   * Reads the bytes again from `start`, to resume an interrupted upload. The body must have been read up to `start`. The
   * bytes are verified like the body. Absent if they can be read only once.
   */
  replay?(start: number): AsyncIterable<Uint8Array>;
}

/** Options of `putBlob`. */
export interface PutBlobOptions extends OperationOptions {
  /** True for the config of the image, false for a layer. */
  readonly isConfig?: boolean | undefined;
  /** The probable number of bytes of a blob without `size`. It may be wrong. */
  readonly sizeHint?: number | undefined;
  /** The algorithm of the digest of a blob without `digest`. Default sha256. */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
}

/** Options of `putManifest`. */
export interface PutManifestOptions extends OperationOptions {
  /** The digest of the manifest, if it is an instance of an index or a referrer; undefined for the top-level manifest. */
  readonly instance?: Digest | undefined;
  /** The tag of a referrer without `subject`. Only set if `accepts.referrers` is true. */
  readonly tag?: string | undefined;
}

/**
 * One image, open for writing: first blobs, then manifests (instances before their index), signatures and `commit`.
 * Disposing of it without `commit` leaves the store unchanged.
 */
export interface ImageDestination extends AsyncDisposable {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  /** The digest of the manifest that the reference names now; undefined if it names none. Costs one request at most. */
  resolve?(options?: OperationOptions): Promise<Digest | undefined>;
  /**
   * Makes a manifest part of this image without writing it or its blobs, if the store has all of them, under any name.
   * For an index this does not include its instances: the copy calls this for each of them. Costs one request at most.
   * @throws ImageError `conflict` if the reference already names another image that must not be replaced
   */
  tryReusingManifest?(
    digest: Digest,
    options?: ReuseManifestOptions,
  ): Promise<ReusedManifest | undefined>;
  /** Makes a blob part of this image without sending it (present, mounted, linked, copied server-side). */
  tryReusingBlob(blob: Descriptor, options?: ReuseOptions): Promise<ReusedBlob | undefined>;
  /** The location of a blob of this image, for later copies. */
  locateBlob?(blob: BlobInfo): BlobLocation | undefined;
  /**
   * Writes a blob and returns its descriptor. The blob becomes visible under its digest only when the stream has ended
   * without an error; otherwise nothing remains. If `blob.digest` is set, core ensures that the stream fails unless its
   * bytes match. If it is not set, the destination computes the digest with
   * `digestAlgorithm`.
   */
  putBlob(bytes: BlobBody, blob: BlobInfo, options?: PutBlobOptions): Promise<Descriptor>;
  /**
   * Writes the manifest that the reference names or, with `instance`, another manifest of the image.
   * @throws ImageError `manifest-rejected` if another type may be accepted
   */
  putManifest(manifest: RawManifest, options?: PutManifestOptions): Promise<void>;
  /** Writes the signatures of a manifest, after that manifest. */
  putSignatures?(
    signatures: readonly Signature[],
    instance?: Digest,
    options?: OperationOptions,
  ): Promise<void>;
  /**
   * Makes the image visible under the reference. After `manifest-rejected`, the copy may put the manifest with another
   * media type and call `commit` again.
   * Returns the manifest that the store will return for the image, unless it preserves manifests.
   * @throws ImageError as `putManifest`, `conflict`
   */
  commit(options?: OperationOptions): Promise<CommittedImage | void>;
}

/** An image at a destination that does not preserve manifests. */
export interface CommittedImage {
  /** The manifest that the store returns to readers. */
  readonly manifest: RawManifest;
}
