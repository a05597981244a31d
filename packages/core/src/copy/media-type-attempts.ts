import { ImageError, isImageError } from "../names/image-error.ts";
import type { ManifestStep } from "./copy-plan.ts";

/** The media types to try for a manifest, in order, until the destination accepts one. */
export class MediaTypeAttempts {
  readonly step: ManifestStep;
  readonly #types: readonly string[];
  readonly #failures: ImageError[] = [];

  constructor(step: ManifestStep) {
    this.step = step;
    this.#types = [step.mediaType, ...step.fallbacks];
  }

  /** The type of the current attempt. */
  get mediaType(): string {
    return this.#types[this.#failures.length] ?? this.step.mediaType;
  }

  /** The rejected types. */
  get rejected(): readonly string[] {
    return this.#types.slice(0, this.#failures.length);
  }

  /**
   * Records a rejection and selects the next type.
   * @throws the error if it is not a rejection; ImageError `manifest-rejected` with all errors after the last type
   */
  reject(error: unknown): void {
    const isFallback = this.#failures.length > 0;
    const isRejection =
      isImageError(error, "manifest-rejected") ||
      (isFallback && isImageError(error, "impossible-copy"));
    if (!isRejection) throw error;
    this.#failures.push(error);
    if (this.#failures.length < this.#types.length) return;
    const [first = error] = this.#failures;
    throw isFallback ? this.#allRejected(first) : this.#rejectedWithoutFallback(error);
  }

  #allRejected(first: ImageError): ImageError {
    const lines = this.#failures.map(({ message }, at) => `${this.#types[at]}: ${message}`);
    const message = `The destination rejected the manifest ${this.step.raw.digest} in every possible media type: ${lines.join("; ")}`;
    const cause = new AggregateError(this.#failures, "Every media type was rejected");
    return withMessage(first, message, cause);
  }

  #rejectedWithoutFallback(error: ImageError): ImageError {
    const { preserveReason } = this.step;
    if (preserveReason === undefined) return error;
    const message = `${error.message}; no other media type was tried, because ${preserveReason}`;
    return withMessage(error, message, error);
  }
}

/** Replaces the message of an error. Keeps properties that a transport added, such as the HTTP status. */
function withMessage(error: ImageError, message: string, cause: Error): ImageError {
  return Object.assign(new ImageError(error.code, message, { cause }), error);
}
