/** Work for several who wait: an abort ends the waiting of one, and the work when nobody waits any more. */
export class SharedWork<Value> {
  readonly result: Promise<Value>;
  readonly #controller = new AbortController();
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<Value>) {
    this.result = work(this.#controller.signal);
  }

  /** True once it was given up. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  async wait(signal: AbortSignal | undefined): Promise<Value> {
    this.#waiting++;
    try {
      return await unlessAborted(this.result, signal);
    } catch (error) {
      if (this.#waiting === 1) this.#controller.abort(error);
      throw error;
    } finally {
      this.#waiting--;
    }
  }
}

/** Others may wait for the same: an abort ends the waiting, not the work. */
export async function unlessAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
