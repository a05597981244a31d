import type { DecompressionOptions } from "../compression/compression.ts";
import type { LayerCompressor } from "../compression/layer-compressor.ts";
import type { BlobInfoCache } from "../contract/blob-info-cache.ts";
import type { LayerDecrypter, LayerEncrypter } from "../contract/layer-encryption.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { ImagePolicy } from "../image/image-policy.ts";
import type { InstanceSelection } from "../image/instance-selection.ts";
import type { ReferrerSelection } from "../image/referrer-selection.ts";
import type { Platform } from "../manifest/platform.ts";
import type { DigestAlgorithm } from "../names/digest.ts";
import type { CompressionRequest, CompressionVariant } from "./compression-request.ts";
import type { ConversionLedgerOptions } from "./conversion-ledger.ts";
import type { CopyEvent } from "./copy-event.ts";

/** Which layers a copy encrypts, and how. */
export interface EncryptionOptions {
  /** Encrypts a layer: `layerEncrypter` of `@drayage/encryption`. */
  readonly encrypter: LayerEncrypter;
  /**
   * The layers of each image: positions from 0, or from -1 for the last one. Default `all`, except layers that are encrypted
   * already and external ones.
   */
  readonly layers?: "all" | readonly number[] | undefined;
}

/** The options of a copy. */
export interface CopyOptions extends OperationOptions {
  /** Which images of an index to copy. Default `system`. */
  readonly instances?: InstanceSelection | undefined;
  /** The platform of `system`. Default: the platform of this machine. */
  readonly platform?: Platform | undefined;
  /** Reject an image outside an index if its config is for another platform than `platform`. Default false. */
  readonly requirePlatform?: boolean | undefined;
  /**
   * How to copy an index without all its instances. `strip` removes the others from the index, which changes its digest.
   * `keep` copies the index unchanged, so that it lists missing instances; registries reject such an index unless they
   * have its other instances or are configured to accept it. Default: `keep` for `index-only`, otherwise `strip`.
   */
  readonly missingInstances?: "strip" | "keep" | undefined;
  /** Fail if a manifest would have to change. Default false. */
  readonly preserveDigests?: boolean | undefined;
  /** The media type to convert image manifests to. Indexes are converted to the same family. Default: unchanged. */
  readonly manifestMIMEType?: string | undefined;
  /**
   * The compression of layers, if the destination stores compressed layers: a format or more settings. zstd requires OCI
   * manifests. Default: gzip for uncompressed layers only.
   */
  readonly compression?: "gzip" | "zstd" | "none" | CompressionRequest | undefined;
  /**
   * The compressions in which each platform of an index must have an instance. A missing one is made of another instance
   * of the platform, and added to the index; existing instances do not change. Requires `instances: "all"`. Default: none.
   */
  readonly ensureCompressionVariantsExist?: readonly CompressionVariant[] | undefined;
  /** More formats for `compression`, such as `zstdChunked()` of `@drayage/chunked`. Default: none. */
  readonly compressors?: readonly LayerCompressor[] | undefined;
  /**
   * The maximum size of a decompressed layer in bytes, if the copy decompresses it. Default: 1 GiB, or 200 times its
   * compressed size if that is more.
   */
  readonly maxLayerSize?: number | undefined;
  /**
   * Decompresses bzip2 and xz layers, which Node cannot: `decompressedBytes` of `@drayage/image-archive`. Default: a copy
   * that must decompress such a layer fails.
   */
  readonly decompress?: DecompressionOptions["decompress"];
  /** Encrypt layers. Requires OCI manifests at the destination. Default: none. */
  readonly encryption?: EncryptionOptions | undefined;
  /**
   * Decrypt all encrypted layers: `layerDecrypter` of `@drayage/encryption`. A layer that it cannot decrypt fails the copy.
   * Default: encrypted layers are copied as they are.
   */
  readonly decryption?: LayerDecrypter | undefined;
  /** Omit signatures. Default: they are copied, and signed manifests do not change. */
  readonly removeSignatures?: boolean | undefined;
  /**
   * Also copy referrers of the image and its instances, and their referrers: signatures, SBOMs and attestations with a
   * `subject` or a tag of cosign. The policy does not check them. An image with referrers is not changed, because it would
   * lose them. Default false.
   */
  readonly referrers?: boolean | ReferrerSelection | undefined;
  /**
   * The algorithm of the digests of new blobs and changed manifests. Content that does not change keeps its digest. Default:
   * that of the digest it had before, such as sha256.
   */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
  /**
   * If the digest changes, store a referrer of the new image that records the old and the new digests and the reasons.
   * Requires a destination that stores referrers. Default false.
   */
  readonly conversionLedger?: boolean | ConversionLedgerOptions | undefined;
  /** Also copy foreign layers, which have URLs. Default false. */
  readonly downloadForeignLayers?: boolean | undefined;
  /**
   * Check each blob and manifest at the destination and copy missing ones, even if the destination reports that it has
   * the image. Default false.
   */
  readonly repair?: boolean | undefined;
  /** Checks images before they are parsed. Default: every image is admitted. */
  readonly policy?: ImagePolicy | undefined;
  /** Caches facts about blobs, so that later copies need not compress or send them. Default: none. */
  readonly cache?: BlobInfoCache | undefined;
  /** The maximum number of parallel blobs, within the limits of source and destination. Default: 6 large or more small ones. */
  readonly parallelBlobs?: number | undefined;
  /** Receives the events of the copy. An error that it throws ends the copy. */
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

/** The options that a plan depends on. */
export type PlanOptions = Pick<
  CopyOptions,
  | "instances"
  | "preserveDigests"
  | "manifestMIMEType"
  | "compression"
  | "compressors"
  | "ensureCompressionVariantsExist"
  | "missingInstances"
  | "downloadForeignLayers"
  | "encryption"
  | "decryption"
  | "conversionLedger"
  | "digestAlgorithm"
>;

/** The options for executing a plan. */
export type ExecuteOptions = OperationOptions &
  Pick<
    CopyOptions,
    | "parallelBlobs"
    | "cache"
    | "compressors"
    | "onEvent"
    | "maxLayerSize"
    | "decompress"
    | "encryption"
    | "decryption"
    | "conversionLedger"
    | "digestAlgorithm"
  >;
