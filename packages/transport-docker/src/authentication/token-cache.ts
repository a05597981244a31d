export interface Token {
  readonly text: string;
  /** As `performance.now()` counts. */
  readonly goodUntil: number;
}

/** Tokens by what they are for; however many want one, it is fetched once. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  /** The one that is there, as long as it is good, else a fetched one. A failure is not kept. */
  async get(
    key: string,
    fetch: () => Promise<Token>,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      const { text, goodUntil } = await unlessAborted(known, signal);
      if (performance.now() < goodUntil) return text;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      return this.get(key, fetch, signal);
    }
    const fetched = fetch();
    this.#tokens.set(key, fetched);
    fetched.catch(() => this.#tokens.delete(key));
    return (await unlessAborted(fetched, signal)).text;
  }

  /** Drops a token that was refused, unless there is another by now. */
  async forget(key: string, text: string): Promise<void> {
    const known = this.#tokens.get(key);
    if (known !== undefined && (await known).text === text) this.#tokens.delete(key);
  }
}

/** Others may wait for the same: an abort ends the waiting, not the work. */
async function unlessAborted<Value>(
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
