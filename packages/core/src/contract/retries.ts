import { setTimeout as wait } from "node:timers/promises";

import { isImageError } from "../names/image-error.ts";

/** Limits and delays of a `Retries`. */
export interface RetrySettings {
  /** The maximum number of attempts at one operation without progress, the first included. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** The maximum number of retries of all operations together. Default 50. */
  readonly maxTotalRetries?: number | undefined;
  /** Milliseconds before the first retry, doubled for each further one. Default 250. */
  readonly initialDelay?: number | undefined;
  /** Milliseconds. A server that requests a longer delay is not retried. Default 60 000. */
  readonly maxDelay?: number | undefined;
  /** Called before each delay. An error that it throws ends the operation. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** Options of `Retries.run`. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called before each attempt except the first. */
  readonly onRestart?: (() => void) | undefined;
}

/** An attempt that failed. */
export interface FailedAttempt {
  /** Only an `ImageError` that is `retryable` is retried. */
  readonly error: unknown;
  /** 1 for the first. The caller resets it after progress. */
  readonly attempt: number;
  /** For messages: `read the blob sha256:… of docker.io/library/alpine`. */
  readonly operation: string;
  /** The delay that the server requested, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** True if the attempt got further than the one before. Such attempts do not count. */
  readonly hasProgressed?: boolean | undefined;
}

/** A retry that is about to happen. */
export interface Retry {
  readonly operation: string;
  /** The number of the failed attempt: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
  readonly error: Error;
}

/**
 * Decides whether and when a failed operation is retried. All operations of a copy share one instance, so the total
 * number of requests to an unavailable registry is limited.
 */
export class Retries {
  readonly #maxAttempts: number;
  readonly #initialDelay: number;
  readonly #maxDelay: number;
  readonly #onRetry: RetrySettings["onRetry"];
  /** Errors whose retries are exhausted. An outer operation that receives one does not retry it again. */
  readonly #exhausted: WeakSet<Error> = new WeakSet();
  #retriesLeft: number;

  constructor(settings: RetrySettings = {}) {
    this.#maxAttempts = settings.maxAttempts ?? 5;
    this.#retriesLeft = settings.maxTotalRetries ?? 50;
    this.#initialDelay = settings.initialDelay ?? 250;
    this.#maxDelay = settings.maxDelay ?? 60_000;
    this.#onRetry = settings.onRetry;
  }

  /** Runs an action with retries. @throws the error of the last attempt; the reason of an abort */
  async run<Result>(
    operation: string,
    action: () => Promise<Result>,
    { signal, onRestart }: RunOptions = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        if (!(await this.waitForRetry({ error, attempt, operation }, signal))) throw error;
        onRestart?.();
      }
    }
  }

  /** Waits for the next attempt. False without a delay if there is none. @throws the reason of an abort */
  async waitForRetry(failed: FailedAttempt, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    const { error, attempt, operation, retryAfter = 0 } = failed;
    if (!isImageError(error) || !error.retryable || this.#isExhausted(error)) return false;
    const isLast = attempt >= this.#maxAttempts || this.#retriesLeft <= 0;
    if ((isLast && !failed.hasProgressed) || retryAfter > this.#maxDelay) {
      this.#exhausted.add(error);
      return false;
    }
    if (!failed.hasProgressed) this.#retriesLeft--;
    const delay = Math.max(retryAfter, this.#delayAfter(attempt));
    this.#onRetry?.({ operation, attempt, delay, error });
    try {
      await wait(delay, undefined, { signal });
    } catch (aborted) {
      signal?.throwIfAborted();
      throw aborted;
    }
    return true;
  }

  /** Also true for an error whose cause is exhausted. */
  #isExhausted(error: unknown): boolean {
    return error instanceof Error && (this.#exhausted.has(error) || this.#isExhausted(error.cause));
  }

  /** Random, so that requests which failed together are not retried together. */
  #delayAfter(attempt: number): number {
    const delay = this.#initialDelay * 2 ** (attempt - 1) * (0.5 + Math.random());
    return Math.min(delay, this.#maxDelay);
  }
}
