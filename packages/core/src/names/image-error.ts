import { singleLine } from "../text/printable.ts";

/**
 * The kind of an error, for programs.
 *
 * - `invalid-reference`: the text is not a valid reference of its transport
 * - `invalid-scope`: the policy scope can never match
 * - `invalid-manifest`: a manifest, index or config is malformed, too large or ambiguous
 * - `unknown-transport`: no transport of this name is registered
 * - `not-found`: the image, blob or platform does not exist
 * - `denied`: credentials or permissions are missing or insufficient
 * - `digest-mismatch`: the bytes do not match their digest or size
 * - `manifest-rejected`: the destination does not accept the manifest; it may accept another media type
 * - `unsupported`: the feature or format is known but not implemented
 * - `impossible-copy`: the options of a copy contradict each other or the image
 * - `untrusted`: a policy rejected the image
 * - `conflict`: another client changed the target, or it holds other content
 * - `unavailable`: the remote side failed or could not be reached; a later attempt may succeed
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

/** Further details of an `ImageError`. */
export interface ImageErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later. Default: true for `unavailable`. */
  readonly retryable?: boolean;
  /** The affected image, as `transport:reference`. */
  readonly reference?: string | undefined;
}

const marker: unique symbol = Symbol.for("@drayage/core.ImageError") as never;

/**
 * The only error class that Drayage throws on purpose: the message is for people, `code` for programs. The constructor
 * converts the message to one printable line, because messages quote remote text.
 */
export class ImageError extends Error {
  readonly code: ImageErrorCode;
  readonly retryable: boolean;
  readonly reference: string | undefined;

  static {
    Object.defineProperty(ImageError.prototype, "name", { value: "ImageError", writable: true });
    Object.defineProperty(ImageError.prototype, marker, { value: true });
  }

  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(singleLine(message), "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? code === "unavailable";
    this.reference = options.reference;
  }
}

/** True for an `ImageError`, also of another copy of `@drayage/core` in the process. */
export function isImageError(error: unknown, code?: ImageErrorCode): error is ImageError {
  return (
    typeof error === "object" &&
    error !== null &&
    marker in error &&
    (code === undefined || (error as unknown as ImageError).code === code)
  );
}
