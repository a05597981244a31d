import { setTimeout as delay } from "node:timers/promises";

import { isImageError } from "../names/image-error.ts";

/** How patient a `Retries` is. */
export interface RetrySettings {
  /** How often one thing is tried in all, as long as nothing comes of it. Default 5. */
  readonly attempts?: number | undefined;
  /** How often anything at all is tried again. Default 50. */
  readonly budget?: number | undefined;
  /** Milliseconds before the second attempt; twice as long before each one after it. Default 250. */
  readonly firstPause?: number | undefined;
  /** Milliseconds; who asks to be left alone for longer is. Default 60 000. */
  readonly longestPause?: number | undefined;
  /** Told before each pause. What it throws ends the operation. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** How `Retries.run` runs an operation. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called before each attempt but the first. */
  readonly onRestart?: (() => void) | undefined;
}

/** An attempt that failed. */
export interface FailedAttempt {
  /** What is thrown where there is no other attempt; only an `ImageError` that is `retryable` gets one. */
  readonly error: unknown;
  /** 1 for the first. Begins anew after progress. */
  readonly attempt: number;
  /** For people: `read the blob sha256:… of docker.io/library/alpine`. */
  readonly doing: string;
  /** Milliseconds for which the other side asked to be left alone. */
  readonly retryAfter?: number | undefined;
  /** True where it came further than the attempt before: such attempts are free. */
  readonly hasProgressed?: boolean | undefined;
}

/** An attempt that follows a failed one. */
export interface Retry {
  readonly doing: string;
  /** Of the attempt that failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next one. */
  readonly pause: number;
  readonly error: Error;
}

/**
 * Decides whether what failed is tried again, and when. One of these is shared by all that belongs to one copy: however
 * many requests meet a registry that is down, together they do not go on for ever.
 */
export class Retries {
  readonly #attempts: number;
  readonly #firstPause: number;
  readonly #longestPause: number;
  readonly #onRetry: RetrySettings["onRetry"];
  /** What one part of a copy gave up on is not begun again by another. */
  readonly #givenUp: WeakSet<Error> = new WeakSet();
  #budget: number;

  constructor(settings: RetrySettings = {}) {
    this.#attempts = settings.attempts ?? 5;
    this.#budget = settings.budget ?? 50;
    this.#firstPause = settings.firstPause ?? 250;
    this.#longestPause = settings.longestPause ?? 60_000;
    this.#onRetry = settings.onRetry;
  }

  /** Runs an operation, again after each failure that allows it. @throws the error of the last attempt; the reason of an abort */
  async run<Result>(
    doing: string,
    operation: () => Promise<Result>,
    { signal, onRestart }: RunOptions = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation();
      } catch (error) {
        if (!(await this.mayTryAgain({ error, attempt, doing }, signal))) throw error;
        onRestart?.();
      }
    }
  }

  /** Waits until it is time for another attempt and says true, or says false. @throws an abort's own reason */
  async mayTryAgain(failed: FailedAttempt, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    const { error, attempt, doing, retryAfter = 0 } = failed;
    if (!isImageError(error) || !error.retryable || this.#isGivenUp(error)) return false;
    const isExhausted = attempt >= this.#attempts || this.#budget <= 0;
    if ((isExhausted && !failed.hasProgressed) || retryAfter > this.#longestPause) {
      this.#givenUp.add(error);
      return false;
    }
    if (!failed.hasProgressed) this.#budget--;
    const pause = Math.max(retryAfter, this.#pauseAfter(attempt));
    this.#onRetry?.({ doing, attempt, pause, error });
    try {
      await delay(pause, undefined, { signal });
    } catch (aborted) {
      signal?.throwIfAborted();
      throw aborted;
    }
    return true;
  }

  /** Also what was thrown because of something that was given up on. */
  #isGivenUp(error: unknown): boolean {
    return error instanceof Error && (this.#givenUp.has(error) || this.#isGivenUp(error.cause));
  }

  /** Never the same for two that failed at once, so that they do not come back at once. */
  #pauseAfter(attempt: number): number {
    const pause = this.#firstPause * 2 ** (attempt - 1) * (0.5 + Math.random());
    return Math.min(pause, this.#longestPause);
  }
}
