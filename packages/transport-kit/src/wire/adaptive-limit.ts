/** The settings of an `AdaptiveLimit`. */
export interface AdaptiveLimitSettings {
  /** The maximum number of parallel requests, at least 1. */
  readonly max: number;
  /** The growth of the limit after as many successful requests as the limit. */
  readonly growth: number;
}

/**
 * Limits the parallel requests to a server. The limit is halved when the server reports that it is busy, and grows slowly
 * with each success.
 */
export class AdaptiveLimit {
  readonly #max: number;
  readonly #growth: number;
  readonly #waiting = new Set<() => void>();
  #limit: number;
  #running = 0;
  #holds = 0;
  #slowedAt = -Infinity;

  constructor({ max, growth }: AdaptiveLimitSettings) {
    this.#max = Math.max(1, max);
    this.#growth = growth;
    this.#limit = this.#max;
  }

  /** Waits for a slot, in the order of the calls. Disposal releases the slot. @throws the reason of an abort */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      if (this.#waiting.delete(resolve)) reject(signal?.reason as Error);
    };
    this.#waiting.add(resolve);
    signal?.addEventListener("abort", abort, { once: true });
    this.#admit();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return { [Symbol.dispose]: once(() => this.#release()) };
  }

  /** Records a successful request. */
  succeeded(): void {
    this.#limit = Math.min(this.#max, this.#limit + this.#growth / this.#limit);
  }

  /**
   * Records that the server was busy, for a request that was sent at `sentAt` (`performance.now()`). Requests that were
   * sent together and fail together count once: returns false for all but the first of them.
   */
  slowDown(sentAt: number): boolean {
    if (sentAt < this.#slowedAt) return false;
    this.#slowedAt = performance.now();
    this.#limit = Math.max(1, Math.min(this.#limit, this.#running) / 2);
    return true;
  }

  /** Grants no slot until disposal. */
  hold(): Disposable {
    this.#holds++;
    return {
      [Symbol.dispose]: once(() => {
        this.#holds--;
        this.#admit();
      }),
    };
  }

  #release(): void {
    this.#running--;
    this.#admit();
  }

  #admit(): void {
    for (const proceed of this.#waiting) {
      if (this.#holds > 0 || this.#running + 1 > this.#limit) return;
      this.#waiting.delete(proceed);
      this.#running++;
      proceed();
    }
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
