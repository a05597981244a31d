/** In bytes per second. No usable connection is slower. */
const minRate = 1 << 10;

/**
 * Detects a sender that keeps a connection open but sends less than 1 KiB per second after a grace period. Only the time
 * spent waiting for the sender counts.
 */
export class MinimumRate {
  readonly #grace: number;
  #left: number;

  /** `grace`: milliseconds before the rate counts. */
  constructor(grace: number) {
    this.#grace = grace;
    this.#left = grace;
  }

  /** Adds received bytes, and the milliseconds spent waiting for them. Returns false once the sender is too slow. */
  isKept(bytes: number, waited: number): boolean {
    this.#left = Math.min(this.#grace, this.#left - waited + (bytes / minRate) * 1000);
    return this.#left >= 0;
  }
}

/** The error of a body whose sender is too slow. */
export class TooSlow extends Error {
  readonly code = "ERR_TOO_SLOW";

  constructor() {
    super(`received less than ${minRate} bytes per second`);
  }
}
