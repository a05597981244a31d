import type { Digest } from "@drayage/core";

import type { OutgoingPart } from "./upload-part.ts";

/** A stored blob. */
export interface UploadedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface BlobPart extends OutgoingPart {
  /** The blob that the last part completes; undefined for other parts. */
  readonly completes: UploadedBlob | undefined;
}

/** The length of a part in bytes. The last part may be shorter. */
export interface PartLength {
  /** Takes precedence over `max`. */
  readonly min: number;
  readonly max: number;
}

/** Reads a blob in parts, one at a time. */
export interface BlobParts {
  /** Returns the part that starts at an offset. @throws the error of the stream */
  next(start: number, length: PartLength): Promise<BlobPart>;
  /** Whether the bytes from an offset on can be read, for the first time or again. */
  canReadFrom(start: number): boolean;
  /** The offset of the next byte that a request reads. */
  readonly position: number;
  /** Whether the stream of the blob threw the error, rather than the registry. */
  isStreamError(error: unknown): boolean;
  /** Closes the stream. */
  close(): void;
}
