/** Bytes a second. Slower than any line on which an image could be copied. */
const minRate = 1 << 10;

/**
 * Detects a sender that keeps a connection busy with next to nothing: one that stays below 1 KiB a second, beyond some
 * time that it always has. Only time that is spent waiting for it counts.
 */
export class MinimumRate {
  readonly #patience: number;
  #left: number;

  /** Milliseconds that the sender always has. */
  constructor(patience: number) {
    this.#patience = patience;
    this.#left = patience;
  }

  /** Adds what came, and the milliseconds that were spent waiting for it. False for too little in too much time. */
  isKept(bytes: number, waited: number): boolean {
    this.#left = Math.min(this.#patience, this.#left - waited + (bytes / minRate) * 1000);
    return this.#left >= 0;
  }
}

/** What a body ends with whose sender is too slow. */
export class TooSlow extends Error {
  readonly code = "ERR_TOO_SLOW";

  constructor() {
    super(`less than ${minRate} bytes came in a second`);
  }
}
