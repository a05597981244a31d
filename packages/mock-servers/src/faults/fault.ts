/** How a connection ends in the middle: as if somebody hung up, with a TCP reset, or not at all: silence for ever. */
export type BreakKind = "cut" | "reset" | "stall";

/** Something that goes wrong, or that a client may not expect, in one exchange of a request and an answer. */
export type Fault =
  /** After so many bytes of a body; after none of the request, nothing of it is passed on. */
  | { readonly kind: BreakKind; readonly during: "request" | "response"; readonly after: number }
  /** The server did what it was asked, and nobody hears of it. */
  | { readonly kind: BreakKind; readonly during: "answer" }
  /** The server is not asked. */
  | { readonly kind: "refusal"; readonly status: RefusalStatus; readonly retryAfter?: RetryAfter }
  /** The answer's body ends early, as if that were all, with the right `Content-Length` for what is left. */
  | { readonly kind: "truncation"; readonly after: number }
  /** One bit of a body is another one. */
  | { readonly kind: "flip"; readonly during: "request" | "response"; readonly at: number }
  /** The answer announces so many bytes more, or fewer, than come; then the connection ends. */
  | { readonly kind: "wrong-length"; readonly by: number }
  /** A bearer token is not good any more: 401 with a challenge. */
  | { readonly kind: "expired-token" }
  /** How the `Location` of an answer is written; `elsewhere` is another origin that does the same. */
  | { readonly kind: "location"; readonly as: "relative" | "absolute" | "elsewhere" }
  /** From now on there is no such upload: 404 `BLOB_UPLOAD_UNKNOWN`. */
  | { readonly kind: "lost-upload" }
  /** A GET is answered with a redirect to another origin, which has what was asked for. */
  | { readonly kind: "redirect" };

/** What a server says that is busy, broken, or behind a proxy that cannot reach it. */
export type RefusalStatus = 429 | 500 | 502 | 503 | 504;

/** From now on, written as a number or as a date (RFC 9110, section 10.2.3). */
export interface RetryAfter {
  readonly seconds: number;
  readonly as: "seconds" | "date";
}

/**
 * A fault, and which requests it befalls. Positions in a body are bytes; where the body is known to be shorter, it is
 * gone through again until they are used up.
 */
export interface PlannedFault {
  readonly fault: Fault;
  /** Default: any. */
  readonly method?: string | undefined;
  /** A part of the path. Default: any path. */
  readonly path?: string | undefined;
  /** The first one, of the requests that match. Default 1. */
  readonly nth?: number | undefined;
  /** How many from there on. Default 1. */
  readonly times?: number | undefined;
}

/** Faults that follow from a seed: for each request from its method, its path, and how often that came before. */
export interface SeededFaults {
  readonly seed: string | number;
  /** Default: all. */
  readonly kinds?: readonly Fault["kind"][] | undefined;
  /** The share of requests that something befalls. Default 0.25; never more than three requests of one kind in a row. */
  readonly rate?: number | undefined;
}
