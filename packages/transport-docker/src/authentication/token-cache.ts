import { untilAborted } from "@drayage/transport-kit/wire";

export interface Token {
  readonly text: string;
  /** A value of `performance.now()`. */
  readonly expiresAt: number;
  /** A value of `performance.now()`, after which a stream needs a new token. */
  readonly refreshAfter: number;
}

/** The use of a token. */
export interface TokenUse {
  /** Whether the request sends a stream, which cannot be repeated if the token expires. */
  readonly isForStream: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Tokens by key. Concurrent requests for a key share one fetch. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  /** Returns the cached token, or fetches one if it has expired. Failures are not cached. */
  async get(key: string, fetch: () => Promise<Token>, use: TokenUse): Promise<string> {
    const { isForStream, signal } = use;
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      const { text, expiresAt, refreshAfter } = await untilAborted(known, signal);
      if (performance.now() < (isForStream ? refreshAfter : expiresAt)) return text;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      return this.get(key, fetch, use);
    }
    const fetched = fetch();
    this.#tokens.set(key, fetched);
    fetched.catch(() => this.#tokens.delete(key));
    return (await untilAborted(fetched, signal)).text;
  }

  /** Removes a rejected token, unless it has been replaced. */
  async forget(key: string, text: string): Promise<void> {
    const known = this.#tokens.get(key);
    if (known !== undefined && (await known).text === text) this.#tokens.delete(key);
  }
}
