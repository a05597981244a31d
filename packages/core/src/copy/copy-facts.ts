import type { CompressedForm } from "../contract/blob-info-cache.ts";
import type { BlobLocation, Descriptor } from "../contract/blob-info.ts";
import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";
import type { Signature } from "../contract/signature.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Platform } from "../manifest/platform.ts";
import type { Digest } from "../names/digest.ts";
import type { EmbeddedName } from "../schema1/edit-schema1.ts";

/** Everything that a plan depends on, as plain data. */
export interface CopyFacts {
  /** `docker://alpine:latest`, for messages. */
  readonly source: string;
  readonly destination: string;
  /** The digest that the source's reference names, which may be an index that is not copied itself. */
  readonly sourceDigest: Digest;
  /** The manifest to copy: an image, or an index with the selected instances. */
  readonly top: ManifestFacts;
  /** The referrers to copy, and their referrers. */
  readonly referrers: readonly ReferrerFacts[];
  readonly offers: SourceOffers;
  readonly accepts: DestinationAccepts;
  /** The digest in the destination's reference; undefined if it has none. */
  readonly pinned: Digest | undefined;
  /** The repository and tag in the destination's reference; undefined if it is not a docker reference. */
  readonly destinationName?: EmbeddedName | undefined;
  /** The digest that the destination's reference names now; undefined if it names none or is unknown. */
  readonly currentDigest: Digest | undefined;
  /** Whether the destination's reference names no image yet; undefined if unknown. */
  readonly isNew?: boolean | undefined;
  /** Whether both sides are in one store, which can copy blobs by itself. Default false. */
  readonly isSameStore?: boolean | undefined;
  /** The manifests that the destination has, with everything they reference. */
  readonly present: ReadonlySet<Digest>;
  /** The present manifests that the destination adds to the image without a write. */
  readonly reusable: ReadonlySet<Digest>;
  /** The manifest of the same image, if the destination generates manifests and has the image. */
  readonly existing?: VerifiedManifest | undefined;
  /** The cached facts about blobs; undefined without a cache. */
  readonly cachedBlobs?: ReadonlyMap<Digest, CachedBlob> | undefined;
}

/** A manifest, its signatures and its instances. */
export interface ManifestFacts {
  readonly raw: VerifiedManifest;
  readonly manifest: Manifest;
  /** The platform in its index. */
  readonly platform: Platform | undefined;
  readonly signatures: readonly Signature[];
  /** One for each entry of an index, in order; undefined for entries that are not selected or not manifests. */
  readonly instances: readonly (ManifestFacts | undefined)[];
  /** The layers of a schema 1 image with the sizes that the source reports, the base layer first. */
  readonly layers?: readonly Descriptor[];
  /** The selected entries of an index that are not manifests. Default: none. */
  readonly blobs?: readonly Descriptor[];
}

/** A referrer that is copied with an image. */
export interface ReferrerFacts {
  /** The manifest that the referrer refers to. */
  readonly subject: Digest;
  /** The tag that is derived from the digest of the subject; undefined if the referrer is found by its `subject`. */
  readonly tag: string | undefined;
  readonly manifest: ManifestFacts;
  /** Whether the destination already has the referrer with the same subject and tag. */
  readonly isPresent: boolean;
}

/** The cached facts about a blob for one destination, the newest first. */
export interface CachedBlob {
  /** Blobs that decompress to this blob. */
  readonly compressed: readonly CompressedForm[];
  /** Whether it was at the location that it is copied to. */
  readonly isAtDestination: boolean;
  /** Locations that the destination can copy it from. Empty if it can copy from the source, which certainly has it. */
  readonly otherLocations: readonly BlobLocation[];
}
