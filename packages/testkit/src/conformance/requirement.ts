import type {
  DestinationAccepts,
  ImageReference,
  ImageTransport,
  SourceOffers,
} from "@drayage/core";
import type { Digest } from "@drayage/core";

/** A transport to put to the test, with a place of its own behind it. */
export interface TransportUnderTest {
  readonly transport: ImageTransport;
  /** A reference under which nothing is stored yet; another one each time. */
  readonly freshReference: () => ImageReference | Promise<ImageReference>;
  /** Another fresh reference in the same store as this one (another tag), where a store holds several images. */
  readonly siblingOf?: (reference: ImageReference) => ImageReference | Promise<ImageReference>;
  /** Changes a byte of a stored blob behind the transport's back, where a test can get at it. */
  readonly damageBlob?: (reference: ImageReference, digest: Digest) => Promise<void>;
}

/** What the transport says of itself, read once before the suite runs. */
export interface Abilities {
  readonly writes: boolean;
  readonly deletes: boolean;
  readonly accepts: DestinationAccepts | undefined;
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
