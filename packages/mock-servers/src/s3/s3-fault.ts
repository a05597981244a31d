import type { BreakKind } from "../faults/fault.ts";
import type { S3ErrorCode } from "./s3-error.ts";
import type { OperationName } from "./s3-log.ts";

/** A fault of one S3 request. */
export type S3Fault =
  /** Returns an error without processing the request; `retryAfter` in seconds. */
  | { readonly kind: "error"; readonly code: S3ErrorCode; readonly retryAfter?: number }
  /**
   * Returns status 200 with an error in the body, without processing the request, as S3 may do for slow operations. The
   * same as `error` except for CompleteMultipartUpload, CopyObject and UploadPartCopy.
   */
  | { readonly kind: "late-error"; readonly code: S3ErrorCode }
  /**
   * Breaks the connection after this many bytes of a body. A broken request is not processed. A response without a body
   * is not sent.
   */
  | { readonly kind: BreakKind; readonly during: "request" | "response"; readonly after: number }
  /** Breaks the connection after the server has processed the request and before the response. */
  | { readonly kind: BreakKind; readonly during: "answer" }
  /** Flips one bit of a body. */
  | { readonly kind: "flip"; readonly during: "request" | "response"; readonly at: number };

/** A fault and the requests that it applies to. Positions are byte offsets in a body, modulo its length. */
export interface PlannedS3Fault {
  readonly fault: S3Fault;
  /** The default is any operation. */
  readonly operation?: OperationName | undefined;
  /** A substring of the key. The default is any key. */
  readonly key?: string | undefined;
  /** The first matching request to apply to. The default is 1. */
  readonly nth?: number | undefined;
  /** The number of requests to apply to. The default is 1. */
  readonly times?: number | undefined;
}

/** Pseudo-random faults. They depend on the seed and on the operation, key and ordinal number of each request. */
export interface SeededS3Faults {
  readonly seed: string | number;
  /** The default is all. */
  readonly kinds?: readonly S3Fault["kind"][] | undefined;
  /** The default is all. */
  readonly operations?: readonly OperationName[] | undefined;
  /**
   * The fraction of requests with faults, 0.25 by default. At most three consecutive requests of a kind have faults.
   */
  readonly rate?: number | undefined;
}
