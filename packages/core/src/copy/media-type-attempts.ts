import { ImageError, isImageError } from "../names/image-error.ts";
import type { ManifestStep } from "./copy-plan.ts";

/** The types in which a manifest is tried, one after the other, until the destination takes one. */
export class MediaTypeAttempts {
  readonly step: ManifestStep;
  readonly #types: readonly string[];
  readonly #failures: ImageError[] = [];

  constructor(step: ManifestStep) {
    this.step = step;
    this.#types = [step.mediaType, ...step.fallbacks];
  }

  /** The type to write it in now. */
  get mediaType(): string {
    return this.#types[this.#failures.length] ?? this.step.mediaType;
  }

  /** The types that were not taken. */
  get rejected(): readonly string[] {
    return this.#types.slice(0, this.#failures.length);
  }

  /** Goes on to the next type. @throws the error, where it is another than a rejection; ImageError `manifest-rejected` with all of them after the last type */
  reject(error: unknown): void {
    const isNext = this.#failures.length > 0;
    const isRejection =
      isImageError(error, "manifest-rejected") ||
      (isNext && isImageError(error, "impossible-copy"));
    if (!isRejection) throw error;
    this.#failures.push(error);
    if (this.#failures.length < this.#types.length) return;
    const [first = error] = this.#failures;
    throw isNext ? this.#allRejected(first) : this.#rejectedWhileFixed(error);
  }

  #allRejected(first: ImageError): ImageError {
    const lines = this.#failures.map(({ message }, at) => `${this.#types[at]}: ${message}`);
    const message = `The destination takes the manifest ${this.step.raw.digest} in none of the types it can have: ${lines.join("; ")}`;
    const cause = new AggregateError(this.#failures, "Each type was rejected");
    return withMessage(first, message, cause);
  }

  #rejectedWhileFixed(error: ImageError): ImageError {
    const { preserveReason } = this.step;
    if (preserveReason === undefined) return error;
    const message = `${error.message}; no other type was tried, because ${preserveReason}`;
    return withMessage(error, message, error);
  }
}

/** With all that a transport adds to its errors, such as the status of a registry. */
function withMessage(error: ImageError, message: string, cause: Error): ImageError {
  return Object.assign(new ImageError(error.code, message, { cause }), error);
}
