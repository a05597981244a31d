import type { BlobLocation, Descriptor } from "../contract/blob-info.ts";
import type { Signature } from "../contract/signature.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import type { Platform } from "../manifest/platform.ts";
import type { Digest } from "../names/digest.ts";

/** What a copy will do, decided before anything is written. Plain data. */
export interface CopyPlan {
  readonly source: string;
  readonly destination: string;
  readonly sourceDigest: Digest;
  /** What the destination will name; undefined where it depends on how a blob turns out. */
  readonly digest: Digest | undefined;
  /** In an order in which they can be done; blobs among each other in any. Empty where all is there already. */
  readonly steps: readonly CopyStep[];
  /** Blobs of manifests that the destination has with all that they need: it is not asked about them. */
  readonly reused: readonly Descriptor[];
  /** Of the manifest that is to be copied, where `steps` is empty or not. */
  readonly top: VerifiedManifest;
  /** The generated manifest of the same image, where the destination keeps no manifests and has that image already. */
  readonly existing?: VerifiedManifest | undefined;
  /** True where the destination has nothing under this name yet, as far as it was asked. */
  readonly isNew?: boolean | undefined;
  /** What may go over the wire, at most. */
  readonly cost: { readonly blobBytes: number; readonly requests: number };
}

/** One thing that a copy does; steps of other kinds may come with later versions. */
export type CopyStep = BlobStep | ManifestStep | SignaturesStep | CommitStep;

/** What becomes of a layer; its first bytes decide, whatever the manifest calls it. */
export type BlobTransform =
  | "preserve"
  /** What is not compressed is, with gzip. */
  | "compress"
  /** What is not compressed so is. */
  | "gzip"
  | "zstd"
  /** What is compressed is unpacked. */
  | "decompress"
  /** The config of a Docker image is rewritten for an OCI manifest. */
  | "oci-config";

/** A config or a layer is brought to the destination, unless it has it. */
export interface BlobStep {
  readonly kind: "blob";
  /** As the source has it. */
  readonly blob: Descriptor;
  readonly isConfig: boolean;
  readonly transform: BlobTransform;
  /** As the destination will have it; undefined where it is only known afterwards. */
  readonly digest: Digest | undefined;
  /** What the destination is asked to reuse before anything is sent, in this order. */
  readonly candidates: readonly ReuseCandidate[];
  readonly reason: string;
}

/** A blob with which the destination may do without being sent one. */
export interface ReuseCandidate {
  readonly blob: Descriptor;
  /** How that is packed; undefined for the blob as the source has it. */
  readonly compression: "gzip" | "zstd" | undefined;
  /** Where it was seen once. */
  readonly location?: BlobLocation | undefined;
}

/** A manifest, written as it is where nothing in it turns out otherwise. */
export interface ManifestStep {
  readonly kind: "manifest";
  readonly raw: VerifiedManifest;
  /** False for the one that the reference will name. */
  readonly isInstance: boolean;
  readonly platform: Platform | undefined;
  /** The manifest that it refers to, where it comes along for that. */
  readonly subject: Digest | undefined;
  /** The tag under which it is written, where that is another one than the reference has. */
  readonly tag: string | undefined;
  /** As it will be written. */
  readonly mediaType: string;
  /** The types to try next, in this order, where the destination rejects `mediaType`. */
  readonly fallbacks: readonly string[];
  /** Why it may not change, and so has no fallbacks; undefined where it may. */
  readonly preserveReason: string | undefined;
  /** What the source's manifest has and `mediaType` has no field for. */
  readonly losses: readonly string[];
  /** Of an index: the entries that are left out. */
  readonly omitted: readonly Digest[];
  /** As it will be written; undefined where it is only known afterwards. */
  readonly digest: Digest | undefined;
  readonly reason: string;
}

/** Signatures follow the manifest that they are for. */
export interface SignaturesStep {
  readonly kind: "signatures";
  /** The manifest that they are for. */
  readonly manifest: Digest;
  readonly isInstance: boolean;
  readonly signatures: readonly Signature[];
  readonly reason: string;
}

/** The one step that makes the image visible. */
export interface CommitStep {
  readonly kind: "commit";
  readonly reason: string;
}
