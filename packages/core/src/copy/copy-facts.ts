import type { CompressedForm } from "../contract/blob-info-cache.ts";
import type { BlobLocation, Descriptor } from "../contract/blob-info.ts";
import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";
import type { Signature } from "../contract/signature.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Platform } from "../manifest/platform.ts";
import type { Digest } from "../names/digest.ts";

/** All that a plan depends on: plain data, gathered once. */
export interface CopyFacts {
  /** `docker://alpine:latest`, for messages. */
  readonly source: string;
  readonly destination: string;
  /** What the source's reference names, chosen or not. */
  readonly sourceDigest: Digest;
  /** What is to be copied: an image, or an index with the instances that were chosen. */
  readonly top: ManifestFacts;
  /** What refers to any of that, or to another of these, and is to come along. */
  readonly referrers: readonly ReferrerFacts[];
  readonly offers: SourceOffers;
  readonly accepts: DestinationAccepts;
  /** The digest that the destination's reference demands, where it demands one. */
  readonly pinned: Digest | undefined;
  /** What the destination's reference names now; undefined where that is nothing, or not known. */
  readonly currentDigest: Digest | undefined;
  /** Whether nothing is under the destination's name; undefined where it was not asked. */
  readonly isNew?: boolean | undefined;
  /** Those of the manifests to copy that the destination has with all that they need. */
  readonly present: ReadonlySet<Digest>;
  /** Those of these that it makes part of the image although nothing of them is put. */
  readonly reusable: ReadonlySet<Digest>;
  /** The manifest of the same image, at a destination that generates manifests and has it already. */
  readonly existing?: VerifiedManifest | undefined;
  /** What a cache knows of blobs, where there is one. */
  readonly cachedBlobs?: ReadonlyMap<Digest, CachedBlob> | undefined;
}

/** One manifest with all that was learned of it, and of those that it names. */
export interface ManifestFacts {
  readonly raw: VerifiedManifest;
  readonly manifest: Manifest;
  /** As its index names it, where it is in one. */
  readonly platform: Platform | undefined;
  readonly signatures: readonly Signature[];
  /** Of an index: one for each entry, in its order; undefined for one that was not chosen, or is no manifest. */
  readonly instances: readonly (ManifestFacts | undefined)[];
  /** Of an index: those of its entries that are no manifests, where they were chosen. Default: none. */
  readonly blobs?: readonly Descriptor[];
}

/** Something that comes along with an image because it refers to it. */
export interface ReferrerFacts {
  /** The manifest that it refers to. */
  readonly subject: Digest;
  /** Where it is found by a tag that is named for that digest; undefined where it is by its `subject`. */
  readonly tag: string | undefined;
  readonly manifest: ManifestFacts;
  /** Whether it is found at the destination in the same way. */
  readonly isPresent: boolean;
}

/** What a cache knows of a blob, for one destination; the newest first. */
export interface CachedBlob {
  /** Blobs that decompress to it. */
  readonly compressed: readonly CompressedForm[];
  /** Whether it was seen where it is to go. */
  readonly isAtDestination: boolean;
  /** From where the destination may take it; empty where it may from the source, which surely has it. */
  readonly otherLocations: readonly BlobLocation[];
}
