import type {
  DestinationAccepts,
  Digest,
  ImageReference,
  ImageTransport,
  SourceOffers,
} from "@drayage/core";

import type { WholeImage } from "../random/whole-image.ts";

/** A transport to put to the test, with a place of its own behind it. */
export interface TransportUnderTest {
  readonly transport: ImageTransport;
  /** A reference under which nothing is stored yet; another one each time. */
  readonly freshReference: () => ImageReference | Promise<ImageReference>;
  /** Another fresh reference in the same store as this one (another tag), where a store holds several images. */
  readonly siblingOf?: (reference: ImageReference) => ImageReference | Promise<ImageReference>;
  /** Changes a byte of a stored blob behind the transport's back, where a test can get at it. */
  readonly damageBlob?: (reference: ImageReference, digest: Digest) => Promise<void>;
  /** For a place that is only read: puts an image there by other means, under a reference of its own. Nothing is written through the transport then. */
  readonly store?: (image: WholeImage) => Promise<ImageReference>;
  /** Default: `content` where the destination unpacks layers, else `everything`. */
  readonly preserves?: Preserved;
  /** Default `reuses`. */
  readonly overwriting?: Overwriting;
  /** False for a place that deletes nothing, though the transport could. */
  readonly deletes?: false;
}

/** What of an image is the same when it is read from the place again. */
export type Preserved =
  /** All of it, to the last byte. */
  | "everything"
  /** The config, and what is in the layers; not how they are packed, nor the manifest. */
  | "content"
  /** What is in the layers. */
  | "layers";

/** What writing an image does where there is one already. */
export type Overwriting =
  /** It takes the place of the other, whose blobs need not be sent again. */
  | "reuses"
  /** It takes the place of the other, and all of it is sent. */
  | "replaces"
  /** It ends in `conflict`, and the other stays. */
  | "refuses";

/** What the transport says of itself, and the test of the place behind it, read once before the suite runs. */
export interface Abilities {
  /** Whether images are written through the transport. */
  readonly writes: boolean;
  /** Whether images come to be there at all: through the transport or by other means. */
  readonly reads: boolean;
  readonly deletes: boolean;
  /** Whether it takes indexes; where it is only read, all that `preserves` everything do. */
  readonly indexes: boolean;
  readonly preserves: Preserved;
  readonly overwriting: Overwriting;
  readonly accepts: DestinationAccepts | undefined;
  /** Whether destinations have `resolve`. */
  readonly resolves: boolean;
  /** Whether destinations have `tryReusingManifest`. */
  readonly reusesManifests: boolean;
  readonly offers: SourceOffers | undefined;
}

/** Something that every transport promises, or every one with certain abilities. */
export interface Requirement {
  /** Never changes, whatever becomes of the wording. */
  readonly id: string;
  /** In one sentence. */
  readonly promise: string;
  /** Whether a transport of these abilities promises it. Default: all that write. */
  readonly appliesTo?: (abilities: Abilities, subject: TransportUnderTest) => boolean;
  /** Fails by throwing. */
  readonly check: (subject: TransportUnderTest, abilities: Abilities) => Promise<void>;
}
