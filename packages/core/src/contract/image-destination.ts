import type { Manifest } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import type { BlobInfo, BlobLocation, Descriptor } from "./blob-info.ts";
import type { ImageReference } from "./image-reference.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { RawManifest } from "./raw-manifest.ts";
import type { Signature } from "./signature.ts";

/** What a destination takes, as plain data, so that a plan can be made without a destination. */
export interface DestinationAccepts {
  /** Preferred first; undefined, or none, takes any. */
  readonly manifestMIMETypes: readonly string[] | undefined;
  /** False if the store keeps no manifests and generates them from the config and the layers. Default true. */
  readonly preservesManifests?: boolean | undefined;
  /** What becomes of layers on their way in, where nothing forbids a change. */
  readonly layers: "preserve" | "compress" | "decompress";
  /** The same for layers of a source that generates its manifests. Default: as `layers`. */
  readonly generatedLayers?: "preserve" | "compress" | "decompress" | undefined;
  /** Whether a layer with URLs may stay where it is. */
  readonly foreignLayerURLs: boolean;
  /** True if signatures are stored, else the reason for the user why they are not. */
  readonly signatures: true | string;
  /** The same for signatures of the kind `sigstore`. Default: as `signatures`. */
  readonly sigstoreSignatures?: true | string | undefined;
  /**
   * True if referrers of the image are stored with it: `putManifest` then honours `tag`, and `getReferrers` returns
   * manifests that have a `subject`. Default false.
   */
  readonly referrers?: boolean | undefined;
  /** How many blobs may be written at once. */
  readonly parallelBlobs: number;
  /** True if `putBlob` has used each chunk before it requests the next: the copy then reads with `reuseBuffers`. */
  readonly reuseBuffers?: boolean | undefined;
  /** What writing costs, in requests to another machine. Default: none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
}

export interface ReuseOptions extends OperationOptions {
  /** Where the source keeps the blob, or where it was seen at some time. */
  readonly location?: BlobLocation | undefined;
}

/** A blob that was not sent. */
export interface ReusedBlob extends BlobInfo {
  /** True if the blob was absent before, and the store cloned, linked or copied it by itself. Default false. */
  readonly cloned?: boolean | undefined;
}

export interface ReuseManifestOptions extends OperationOptions {
  /** Where the source keeps the manifest. */
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
   * The same bytes again from `start`, which is no further than the body was read, and verified like the body: to resume
   * an interrupted upload. Absent if the bytes can be read only once.
   */
  replay?(start: number): AsyncIterable<Uint8Array>;
}

export interface PutBlobOptions extends OperationOptions {
  /** True for the config of the image, false for a layer. */
  readonly isConfig?: boolean | undefined;
  /** The probable number of bytes of a blob without `size`. It may be wrong. */
  readonly sizeHint?: number | undefined;
}

export interface PutManifestOptions extends OperationOptions {
  /** The digest of the manifest, if it is an instance of an index or a referrer; undefined for the top-level manifest. */
  readonly instance?: Digest | undefined;
  /** Of a referrer without `subject`: the tag beside the image's own that names it. Only if `accepts.referrers` is true. */
  readonly tag?: string | undefined;
}

/**
 * One image, open for writing: blobs first, then manifests (those of an index before the index), signatures, `commit`.
 * Disposed of without `commit` it leaves the place as it was.
 */
export interface ImageDestination extends AsyncDisposable {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  /** The digest of the manifest that the reference names now; undefined if it names none. Costs one request at most. */
  resolve?(options?: OperationOptions): Promise<Digest | undefined>;
  /**
   * Makes a manifest part of this image without writing it or its blobs, if the store has all of them, under any name.
   * For an index this does not include its instances: the copy calls this for each of them. Costs one request at most.
   * @throws ImageError `conflict` if the image is another one and may not be replaced
   */
  tryReusingManifest?(
    digest: Digest,
    options?: ReuseManifestOptions,
  ): Promise<ReusedManifest | undefined>;
  /** Makes a blob part of this image without sending it (present, mounted, linked, copied server-side). */
  tryReusingBlob(blob: Descriptor, options?: ReuseOptions): Promise<ReusedBlob | undefined>;
  /** Where a blob lies once it is part of this image, for later copies to take it from there. */
  locateBlob?(blob: BlobInfo): BlobLocation | undefined;
  /**
   * Invisible under its digest until the stream ended well; a failed or false stream leaves nothing.
   * Where `blob.digest` is given, core has made sure that the stream fails unless it has that digest;
   * where it is not, the destination computes it. The result has what was stored.
   */
  putBlob(bytes: BlobBody, blob: BlobInfo, options?: PutBlobOptions): Promise<Descriptor>;
  /**
   * Writes the manifest that the reference names or, with `instance`, another manifest of the image.
   * @throws ImageError `manifest-rejected` if another type may be accepted
   */
  putManifest(manifest: RawManifest, options?: PutManifestOptions): Promise<void>;
  /** After the manifest they are for. */
  putSignatures?(
    signatures: readonly Signature[],
    instance?: Digest,
    options?: OperationOptions,
  ): Promise<void>;
  /**
   * The one step that makes the image visible under the reference. After `manifest-rejected` the manifest may be put
   * again as another type, and `commit` called again.
   * Returns the manifest that the store will return for the image, unless it preserves manifests.
   * @throws ImageError as `putManifest`, `conflict`
   */
  commit(options?: OperationOptions): Promise<CommittedImage | void>;
}

/** An image at a destination that does not preserve manifests. */
export interface CommittedImage {
  /** As every reader will get it. */
  readonly manifest: RawManifest;
}
