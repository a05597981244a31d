import type { Digest } from "@drayage/core";

import type { OutgoingPart } from "./upload-part.ts";

/** What was stored. */
export interface UploadedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface BlobPart extends OutgoingPart {
  /** The blob that is whole with this part; undefined where others follow. */
  readonly ends: UploadedBlob | undefined;
}

/** How long a part is to be, in bytes, unless it is the last. */
export interface PartLength {
  /** Goes before `most`. */
  readonly least: number;
  readonly most: number;
}

/** The bytes of a blob, handed out part by part, one at a time. */
export interface BlobParts {
  /** The part that starts there. @throws what the blob's stream throws */
  next(start: number, length: PartLength): Promise<BlobPart>;
  /** Whether the bytes from there on can be had, perhaps once more. */
  hasFrom(start: number): boolean;
  /** How far bytes were handed out. */
  readonly position: number;
  /** True for what the blob's stream threw, for which no registry is to blame. */
  hasThrown(error: unknown): boolean;
  /** Gives the stream up. */
  close(): void;
}
