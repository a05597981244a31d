/** How a connection breaks: it is closed, reset, or stays open without further data. */
export type BreakKind = "cut" | "reset" | "stall";

/** A fault in one exchange, or behaviour that a client may not expect. */
export type Fault =
  /** Breaks after this many bytes of a body. After 0 bytes of a request, nothing is forwarded. */
  | { readonly kind: BreakKind; readonly during: "request" | "response"; readonly after: number }
  /** Breaks after the server has processed the request and before the response. */
  | { readonly kind: BreakKind; readonly during: "answer" }
  /** Responds with an error without forwarding the request. */
  | {
      readonly kind: "error-response";
      readonly status: ErrorStatus;
      readonly retryAfter?: RetryAfter;
    }
  /** Truncates the response body and adjusts `Content-Length`. */
  | { readonly kind: "truncation"; readonly after: number }
  /** Flips one bit of a body. */
  | { readonly kind: "flip"; readonly during: "request" | "response"; readonly at: number }
  /** Changes `Content-Length` without changing the body, and then disconnects. */
  | { readonly kind: "wrong-length"; readonly by: number }
  /** Rejects a bearer token: 401 with a challenge. */
  | { readonly kind: "expired-token" }
  /** Rewrites the `Location` of a response. `external` is another origin that behaves the same. */
  | { readonly kind: "location"; readonly as: "relative" | "absolute" | "external" }
  /** The upload no longer exists: 404 `BLOB_UPLOAD_UNKNOWN`. */
  | { readonly kind: "lost-upload" }
  /** Redirects a GET to another origin. */
  | { readonly kind: "redirect" };

/** The status of a server that is busy or failing, or of its proxy. */
export type ErrorStatus = 429 | 500 | 502 | 503 | 504;

/** Written as seconds or as a date (RFC 9110, section 10.2.3). */
export interface RetryAfter {
  readonly seconds: number;
  readonly as: "seconds" | "date";
}

/**
 * A fault and the requests that it applies to. Positions are byte offsets in a body, modulo its length if that is
 * known.
 */
export interface PlannedFault {
  readonly fault: Fault;
  /** The default is any method. */
  readonly method?: string | undefined;
  /** A substring of the path. The default is any path. */
  readonly path?: string | undefined;
  /** The first matching request to apply to. The default is 1. */
  readonly nth?: number | undefined;
  /** The number of requests to apply to. The default is 1. */
  readonly times?: number | undefined;
}

/** Pseudo-random faults. They depend on the seed and on the method, path and ordinal number of each request. */
export interface SeededFaults {
  readonly seed: string | number;
  /** The default is all. */
  readonly kinds?: readonly Fault["kind"][] | undefined;
  /**
   * The fraction of requests with faults, 0.25 by default. At most three consecutive requests of a kind have faults.
   */
  readonly rate?: number | undefined;
}
