import type {
  DestinationAccepts,
  Digest,
  DigestAlgorithm,
  ImageReference,
  ImageTransport,
  SourceOffers,
} from "@drayage/core";

import type { WholeImage } from "../random/whole-image.ts";

/** A transport to test, with a store of its own. */
export interface TransportUnderTest {
  readonly transport: ImageTransport;
  /** Returns another reference without an image at each call. */
  readonly freshReference: () => ImageReference | Promise<ImageReference>;
  /** Returns another fresh reference in the same store, such as another tag. Omit it if a store holds one image. */
  readonly siblingOf?: (reference: ImageReference) => ImageReference | Promise<ImageReference>;
  /** Changes a byte of a stored blob without the transport, if the test has access to the store. */
  readonly damageBlob?: (reference: ImageReference, digest: Digest) => Promise<void>;
  /** For a read-only store: stores an image without the transport. The suite then writes nothing. */
  readonly store?: (image: WholeImage) => Promise<ImageReference>;
  /** Default: `content` if the destination decompresses layers, else `everything`. */
  readonly preserves?: Preserved;
  /** Default `reuses`. */
  readonly overwriting?: Overwriting;
  /** False for a store that does not delete, although the transport has `deleteImage`. */
  readonly deletes?: false;
  /** False for a store that does not record the digest of its manifest, so that readers compute a sha256 digest. */
  readonly recordsDigest?: false;
  /** The algorithms of the digests that the store accepts for blobs and manifests. Default: sha256 and sha512. */
  readonly digestAlgorithms?: readonly DigestAlgorithm[];
}

/** The parts of an image that are the same when it is read back. */
export type Preserved =
  /** The exact bytes of manifests and blobs. */
  | "everything"
  /** The config and the uncompressed layers. The manifest and the compression may differ. */
  | "content"
  /** The uncompressed layers. */
  | "layers";

/** The result of writing an image under a reference that has one. */
export type Overwriting =
  /** The new image replaces the old one and reuses its blobs. */
  | "reuses"
  /** The new image replaces the old one, and all its blobs are sent. */
  | "replaces"
  /** The write fails with `conflict`, and the old image stays. */
  | "refuses";

/** The abilities of a transport and its store, read once before the suite runs. */
export interface Abilities {
  /** Whether images are written through the transport. */
  readonly writes: boolean;
  /** Whether the store can have images, written through the transport or with `store`. */
  readonly reads: boolean;
  readonly deletes: boolean;
  /** Whether the store accepts indexes. True for a read-only store that preserves everything. */
  readonly indexes: boolean;
  readonly preserves: Preserved;
  readonly overwriting: Overwriting;
  readonly accepts: DestinationAccepts | undefined;
  /** Whether destinations have `resolve`. */
  readonly resolves: boolean;
  /** Whether destinations have `tryReusingManifest`. */
  readonly reusesManifests: boolean;
  /** Whether destinations have `locateBlob`. */
  readonly locatesBlobs: boolean;
  readonly offers: SourceOffers | undefined;
  /** Whether references have `listImages`. */
  readonly listsImages: boolean;
  /** Whether the transport has `listTags`. */
  readonly listsTags: boolean;
  /** Whether the transport has `collectGarbage`. */
  readonly collectsGarbage: boolean;
}

/** A requirement for every transport, or for transports with certain abilities. */
export interface Requirement {
  /** Stable across releases, unlike `description`. */
  readonly id: string;
  /** One sentence. */
  readonly description: string;
  /** Whether the requirement applies to these abilities. Default: to all transports that write. */
  readonly appliesTo?: (abilities: Abilities, subject: TransportUnderTest) => boolean;
  /** Rejects if the transport does not meet the requirement. */
  readonly check: (subject: TransportUnderTest, abilities: Abilities) => Promise<void>;
}
