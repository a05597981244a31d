import type { UsedCompressor } from "../contract/blob-info-cache.ts";
import type { BlobLocation, Descriptor } from "../contract/blob-info.ts";
import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";
import type { Signature } from "../contract/signature.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import type { Platform } from "../manifest/platform.ts";
import type { Digest } from "../names/digest.ts";
import type { BlobTransform } from "./blob-transform.ts";

/** What a copy will do, as plain data. It is complete before anything is written. */
export interface CopyPlan {
  readonly source: string;
  readonly destination: string;
  readonly sourceDigest: Digest;
  /** The digest that the destination will name; undefined if it depends on the result of a blob. */
  readonly digest: Digest | undefined;
  /** The steps in order; blobs may be written in any order. Empty if the destination has the image. */
  readonly steps: readonly CopyStep[];
  /** Blobs of reused manifests, which need no steps. */
  readonly reused: readonly Descriptor[];
  /** The manifest to copy, also if there are no steps. */
  readonly top: VerifiedManifest;
  /** The manifest of the same image, if the destination generates manifests and has the image. */
  readonly existing?: VerifiedManifest | undefined;
  /** Whether the destination's reference names no image yet; undefined if unknown. */
  readonly isNew?: boolean | undefined;
  /** The maximum cost. Reused blobs reduce it. */
  readonly cost: { readonly blobBytes: number; readonly requests: number };
  readonly conditions: PlanConditions;
}

/** The state of both sides that a plan relies on, apart from the digest of the source. */
export interface PlanConditions {
  /** The digest that the destination's reference named; undefined if it named none or that is unknown. */
  readonly currentDigest: Digest | undefined;
  readonly offers: SourceOffers;
  readonly accepts: DestinationAccepts;
  /** Whether both sides are in one store, which can copy blobs by itself. */
  readonly isSameStore: boolean;
}

/** A step of a copy. Later versions may add kinds. */
export type CopyStep = BlobStep | ManifestStep | SignaturesStep | LedgerStep | CommitStep;

/** Copies a config or a layer, unless the destination can reuse one. */
export interface BlobStep {
  readonly kind: "blob";
  /** The descriptor at the source. */
  readonly blob: Descriptor;
  readonly isConfig: boolean;
  readonly transform: BlobTransform;
  /** The name of the compression variant that the blob is for. Default: it is for the instances of the source. */
  readonly variant?: string | undefined;
  /**
   * True if the digest of the uncompressed layer is needed, so that the bytes must be read unless it is cached. Default
   * false.
   */
  readonly needsDiffID?: boolean | undefined;
  /** The digest at the destination; undefined if it is only known after the copy. */
  readonly digest: Digest | undefined;
  /** The blobs that the destination may reuse instead, in order of preference. */
  readonly candidates: readonly ReuseCandidate[];
  readonly reason: string;
}

/** A blob that the destination may reuse instead of receiving one. */
export interface ReuseCandidate {
  readonly blob: Descriptor;
  /** The compression of a cached form; undefined for the blob of the source. */
  readonly compression: "gzip" | "zstd" | undefined;
  /** The compressor of a cached form. Default: none. */
  readonly compressor?: UsedCompressor | undefined;
  /** True if the destination must have the blob, and not take it from another location. Default false. */
  readonly onlyIfPresent?: boolean | undefined;
  /** A cached location of the blob. */
  readonly location?: BlobLocation | undefined;
}

/** Writes a manifest, edited if the result of a blob or instance requires it. */
export interface ManifestStep {
  readonly kind: "manifest";
  readonly raw: VerifiedManifest;
  /** False for the manifest that the reference will name. */
  readonly isInstance: boolean;
  readonly platform: Platform | undefined;
  /** The subject of a referrer; undefined for manifests of the image. */
  readonly subject: Digest | undefined;
  /** The tag of a referrer that is found by its tag. */
  readonly tag: string | undefined;
  /** The media type at the destination. */
  readonly mediaType: string;
  /** The media types to try, in order, if the destination rejects `mediaType`. */
  readonly fallbacks: readonly string[];
  /** Why the manifest must not change, and so has no fallbacks; undefined if it may change. */
  readonly preserveReason: string | undefined;
  /** The parts of the source's manifest that `mediaType` has no field for. */
  readonly losses: readonly string[];
  /** The entries that are removed from an index. */
  readonly omitted: readonly Digest[];
  /** The name of the compression variant that this instance is, in addition to `raw` itself. Default: none. */
  readonly variant?: string | undefined;
  /** The variants to add to an index. Default: none. */
  readonly added?: readonly AddedVariant[] | undefined;
  /** The entries of an index that stay in it although the copy does not write them. */
  readonly missing: readonly Digest[];
  /** The positions of the layers that are encrypted. Default: none. */
  readonly encryptedLayers?: readonly number[] | undefined;
  /** The digest at the destination; undefined if it is only known after the copy. */
  readonly digest: Digest | undefined;
  readonly reason: string;
}

/** A compression variant of an instance, to be added to its index. */
export interface AddedVariant {
  /** The digest at the source. */
  readonly instance: Digest;
  /** The name of the variant. */
  readonly variant: string;
}

/** Writes the signatures of a manifest. */
export interface SignaturesStep {
  readonly kind: "signatures";
  /** The digest of the signed manifest at the source. */
  readonly manifest: Digest;
  readonly isInstance: boolean;
  readonly signatures: readonly Signature[];
  readonly reason: string;
}

/** Writes a conversion ledger, if a digest has changed. */
export interface LedgerStep {
  readonly kind: "ledger";
  /** The digest at the source of the manifest that the ledger is about. */
  readonly manifest: Digest;
  readonly reason: string;
}

/** Makes the image visible. */
export interface CommitStep {
  readonly kind: "commit";
  readonly reason: string;
}
