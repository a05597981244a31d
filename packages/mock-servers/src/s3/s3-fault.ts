import type { BreakKind } from "../faults/fault.ts";
import type { S3ErrorCode } from "./refusal.ts";
import type { OperationName } from "./s3-log.ts";

/** Something that goes wrong with one request to an S3. */
export type S3Fault =
  /** Said instead of doing what is asked; `retryAfter` in seconds. */
  | { readonly kind: "error"; readonly code: S3ErrorCode; readonly retryAfter?: number }
  /**
   * Status 200, and the error in the body, as may be where S3 answers before it is done: nothing was done. Of other
   * operations than CompleteMultipartUpload, CopyObject and UploadPartCopy the same as `error`.
   */
  | { readonly kind: "late-error"; readonly code: S3ErrorCode }
  /**
   * The connection breaks after so many bytes of a body; nothing is done where that is the request's. Of an answer that
   * has none nothing comes.
   */
  | { readonly kind: BreakKind; readonly during: "request" | "response"; readonly after: number }
  /** The server did what it was asked, and nobody hears of it. */
  | { readonly kind: BreakKind; readonly during: "answer" }
  /** One bit of a body is another one. */
  | { readonly kind: "flip"; readonly during: "request" | "response"; readonly at: number };

/**
 * A fault, and which requests it befalls. Positions in a body are bytes; where the body is shorter, it is gone through
 * again until they are used up.
 */
export interface PlannedS3Fault {
  readonly fault: S3Fault;
  /** Default: any. */
  readonly operation?: OperationName | undefined;
  /** A part of the key. Default: any key. */
  readonly key?: string | undefined;
  /** The first one, of the requests that match. Default 1. */
  readonly nth?: number | undefined;
  /** How many from there on. Default 1. */
  readonly times?: number | undefined;
}

/** Faults that follow from a seed: for each request from its operation, its key, and how often that came before. */
export interface SeededS3Faults {
  readonly seed: string | number;
  /** Default: all. */
  readonly kinds?: readonly S3Fault["kind"][] | undefined;
  /** Default: all. */
  readonly operations?: readonly OperationName[] | undefined;
  /** The share of requests that something befalls. Default 0.25; never more than three requests of one kind in a row. */
  readonly rate?: number | undefined;
}
