import { singleLine } from "../text/printable.ts";

/**
 * What went wrong, for programs.
 *
 * - `invalid-reference`: the text is not a reference of its transport
 * - `invalid-scope`: a policy scope that could never match
 * - `invalid-manifest`: a manifest, index or config that is broken, too large or ambiguous
 * - `unknown-transport`: no transport of that name is in use
 * - `not-found`: the image, blob or platform is not there
 * - `denied`: the other side wants (other) credentials or rights
 * - `digest-mismatch`: bytes are not those that their digest or size promised
 * - `manifest-rejected`: the destination does not take this manifest; another type might be taken
 * - `unsupported`: known, and not done here
 * - `impossible-copy`: the options of a copy contradict each other or what was found
 * - `untrusted`: a policy refused the image
 * - `conflict`: somebody else changed the place in the meantime, or something else is there
 * - `unavailable`: the other side failed or could not be reached; later it may work
 */
export type ImageErrorCode =
  | "invalid-reference"
  | "invalid-scope"
  | "invalid-manifest"
  | "unknown-transport"
  | "not-found"
  | "denied"
  | "digest-mismatch"
  | "manifest-rejected"
  | "unsupported"
  | "impossible-copy"
  | "untrusted"
  | "conflict"
  | "unavailable";

/** What an `ImageError` knows beside its code and its message. */
export interface ImageErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later. Default: only for `unavailable`. */
  readonly retryable?: boolean;
  /** The image it is about, as `transport:reference`. */
  readonly reference?: string | undefined;
}

const mark: unique symbol = Symbol.for("@drayage/core.ImageError") as never;

/**
 * The one class of errors that this project throws on purpose; the message is for people, `code` for programs. Messages
 * repeat what other programs say, so they become one printable line here.
 */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  readonly retryable: boolean;
  readonly reference: string | undefined;

  static {
    Object.defineProperty(ImageError.prototype, "name", { value: "ImageError", writable: true });
    Object.defineProperty(ImageError.prototype, mark, { value: true });
  }

  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(singleLine(message), "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? code === "unavailable";
    this.reference = options.reference;
  }
}

/** True for an `ImageError` of this or of any other copy of `@drayage/core` in the process. */
export function isImageError(error: unknown, code?: ImageErrorCode): error is ImageError {
  return (
    typeof error === "object" &&
    error !== null &&
    mark in error &&
    (code === undefined || (error as unknown as ImageError).code === code)
  );
}
