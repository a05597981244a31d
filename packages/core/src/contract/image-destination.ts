import type { ImageManifest } from "../manifest/manifest.ts";
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
  /** What becomes of layers on their way in, where nothing forbids a change. */
  readonly layers: "preserve" | "compress" | "decompress";
  /** The same for layers of a source that generates its manifests. Default: as `layers`. */
  readonly generatedLayers?: "preserve" | "compress" | "decompress" | undefined;
  /** Whether a layer with URLs may stay where it is. */
  readonly foreignLayerURLs: boolean;
  /** true, or why not, in words for the user. */
  readonly signatures: true | string;
  /** The same for signatures of the kind `sigstore`; undefined where these are accepted like all others. */
  readonly sigstoreSignatures?: true | string | undefined;
  /**
   * Whether what refers to an image may come along: true, or why not, in words for the user; undefined where there is no
   * place for it. Where true there is `putTaggedManifest`, and a manifest with a `subject` is found by it afterwards.
   */
  readonly referrers?: true | string | undefined;
  /** How many blobs may be written at once. */
  readonly parallelBlobs: number;
  /** True if `putBlob` has used each chunk before it requests the next: the copy then reads with `reuseBuffers`. */
  readonly reuseBuffers?: boolean | undefined;
  /** What writing costs, in requests to another machine; undefined where there are none. */
  readonly requests?: { readonly perBlob: number; readonly perManifest: number } | undefined;
}

export interface ReuseOptions extends OperationOptions {
  /** Where the source keeps the blob, or where it was seen at some time. */
  readonly location?: BlobLocation | undefined;
}

/** A blob that was not sent. */
export interface ReusedBlob extends BlobInfo {
  /** True where it was not there before, and was cloned, linked or copied without being read here. */
  readonly cloned?: boolean | undefined;
}

export interface HasManifestOptions extends OperationOptions {
  /** Where the source keeps the manifest. */
  readonly location?: BlobLocation | undefined;
  /** An index that names the manifest, and that was found to be there. */
  readonly listedBy?: Digest | undefined;
}

export interface PutBlobOptions extends OperationOptions {
  /** True for the config of the image, false for a layer. */
  readonly isConfig?: boolean | undefined;
  /** Of a blob without `size`: how many bytes will probably come; it may be false. */
  readonly expectedSize?: number | undefined;
  /**
   * The same bytes once more, from `start` on, which lies no further than the stream was read; verified as the stream
   * is. For going on with what broke off. Absent where the bytes can be had once only.
   */
  readonly reread?: ((start: number) => AsyncIterable<Uint8Array>) | undefined;
}

/**
 * One image, open for writing: blobs first, then manifests (those of an index before the index), signatures, `commit`.
 * Disposed of without `commit` it leaves the place as it was.
 */
export interface ImageDestination extends AsyncDisposable {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  /** The digest of what the reference names now or, given a digest, of that instance if it is there; cheap. */
  findManifestDigest?(instance?: Digest, options?: OperationOptions): Promise<Digest | undefined>;
  /**
   * Whether a manifest is there, under whatever name, with all that it needs, so that no blob of it has to be put; of an
   * index its instances are asked about one by one. Cheap. Instances that are there need not be put: an index that names
   * them is enough to make them part of this image.
   */
  hasManifest?(digest: Digest, options?: HasManifestOptions): Promise<boolean>;
  /** Makes a blob part of this image without sending it (present, mounted, linked, copied server-side). */
  tryReusingBlob(blob: Descriptor, options?: ReuseOptions): Promise<ReusedBlob | undefined>;
  /** Where a blob lies once it is part of this image, for later copies to take it from there. */
  locateBlob?(blob: BlobInfo): BlobLocation | undefined;
  /**
   * Invisible under its digest until the stream ended well; a failed or false stream leaves nothing.
   * Where `blob.digest` is given, core has made sure that the stream fails unless it has that digest;
   * where it is not, the destination computes it. The result has what was stored.
   */
  putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options?: PutBlobOptions,
  ): Promise<Descriptor>;
  /**
   * Takes the manifest of the image or, given a digest, of that instance or of what refers to the image.
   * @throws ImageError `manifest-rejected` where another type might be taken
   */
  putManifest(manifest: RawManifest, instance?: Digest, options?: OperationOptions): Promise<void>;
  /** Keeps a manifest beside the image under another tag, for `ImageSource.getDigestTags`. */
  putTaggedManifest?(manifest: RawManifest, tag: string, options?: OperationOptions): Promise<void>;
  /** After the manifest they are for. */
  putSignatures?(
    signatures: readonly Signature[],
    instance?: Digest,
    options?: OperationOptions,
  ): Promise<void>;
  /**
   * The one step that makes the image visible under the reference. After `manifest-rejected` the manifest may be put
   * again as another type, and `commit` called again.
   * @throws ImageError as `putManifest`, `conflict`
   */
  commit(options?: OperationOptions): Promise<void>;
  /**
   * The manifest under which the image is read after `commit`, where the place keeps none and it is made up of what was
   * put; undefined before. Absent where manifests stay as they were put.
   */
  madeUpManifest?(): RawManifest | undefined;
  /**
   * For a store that keeps no manifests: the manifest that is read under the reference now, where that is an image with
   * this config and its layers, every byte of which was read; undefined for any other.
   * @throws ImageError `conflict` where another one is there that may not be replaced
   */
  findSameImage?(
    manifest: ImageManifest,
    options?: OperationOptions,
  ): Promise<RawManifest | undefined>;
}
