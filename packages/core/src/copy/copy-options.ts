import type { DecompressionOptions } from "../compression/compression.ts";
import type { BlobInfoCache } from "../contract/blob-info-cache.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { ImagePolicy } from "../image/image-policy.ts";
import type { InstanceSelection } from "../image/instance-selection.ts";
import type { ReferrerSelection } from "../image/referrer-selection.ts";
import type { Platform } from "../manifest/platform.ts";
import type { CopyEvent } from "./copy-event.ts";

export interface CopyOptions extends OperationOptions {
  /** Default `system`. */
  readonly instances?: InstanceSelection | undefined;
  /** What `system` means. Default: this machine's. */
  readonly platform?: Platform | undefined;
  /** Refuse an image that no index lists where its config is for another platform than `platform`. Default false. */
  readonly requirePlatform?: boolean | undefined;
  /**
   * What becomes of an index of which not all instances are copied: `strip` (the default) leaves the others out, which
   * changes its digest; `keep` leaves it as it is, with instances that are not there.
   */
  readonly missingInstances?: "strip" | "keep" | undefined;
  /** Fail rather than change any manifest. */
  readonly preserveDigests?: boolean | undefined;
  /** The type that each image manifest is to have; an index follows in its family. */
  readonly manifestMIMEType?: string | undefined;
  /**
   * How layers are to be packed where the destination wants them packed; zstd needs manifests of OCI. Default: gzip, and
   * what is packed otherwise stays as it is.
   */
  readonly compression?: "gzip" | "zstd" | undefined;
  /**
   * The most bytes that a layer may decompress to, where it is decompressed on its way. Default: 1 GiB, or 200 times its
   * compressed size where that is more.
   */
  readonly maxLayerSize?: number | undefined;
  /**
   * Decompresses layers that Node cannot, bzip2 and xz: `decompressedBytes` of `@drayage/image-archive` does. Default: they are
   * refused where they would have to be decompressed.
   */
  readonly decompress?: DecompressionOptions["decompress"];
  /** Leave signatures behind, where they would otherwise be copied or be in the way. */
  readonly removeSignatures?: boolean | undefined;
  /**
   * Also copy what refers to the image and its instances, and what refers to that in turn: signatures, SBOMs,
   * attestations, by their `subject` or under tags such as cosign's. No policy is asked about them. An image with
   * referrers is not changed on the way, since they would be lost. Default false.
   */
  readonly referrers?: boolean | ReferrerSelection | undefined;
  /** Also copy layers that the image says may be downloaded elsewhere. */
  readonly downloadForeignLayers?: boolean | undefined;
  /**
   * Look for each blob and each manifest at the destination, and bring those that it has lost, even where it has the
   * image by what it says itself. Default false.
   */
  readonly repair?: boolean | undefined;
  /** Default: every image is admitted. */
  readonly policy?: ImagePolicy | undefined;
  /** Remembers what was learnt of blobs, so that a later copy need not pack or send them. Default: none. */
  readonly cache?: BlobInfoCache | undefined;
  /**
   * The most blobs in flight at once; source and destination have their own bounds. Default: 6 that are large, or more
   * that are small.
   */
  readonly parallelBlobs?: number | undefined;
  /** Told what happens while it happens. What it throws ends the copy. */
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

/** The options of a copy that decide what is done; the others decide how. */
export type PlanOptions = Pick<
  CopyOptions,
  | "preserveDigests"
  | "manifestMIMEType"
  | "compression"
  | "missingInstances"
  | "downloadForeignLayers"
>;

/** The options for executing a plan. */
export type ExecuteOptions = OperationOptions &
  Pick<CopyOptions, "parallelBlobs" | "cache" | "onEvent" | "maxLayerSize" | "decompress">;
