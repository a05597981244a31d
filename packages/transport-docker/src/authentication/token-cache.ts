import { unlessAborted } from "./shared-work.ts";

export interface Token {
  readonly text: string;
  /** As `performance.now()` counts. */
  readonly goodUntil: number;
  /** The end of its youth. */
  readonly youngUntil: number;
}

/** What a token has to be good for. */
export interface TokenUse {
  /** Whether what it is for can be sent once only, so that it had better not expire on the way. */
  readonly isForStream: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Tokens by what they are for; however many want one, it is fetched once. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  /** The one that is there, as long as it is good, else a fetched one. A failure is not kept. */
  async get(key: string, fetch: () => Promise<Token>, use: TokenUse): Promise<string> {
    const { isForStream, signal } = use;
    const known = this.#tokens.get(key);
    if (known !== undefined) {
      const { text, goodUntil, youngUntil } = await unlessAborted(known, signal);
      if (performance.now() < (isForStream ? youngUntil : goodUntil)) return text;
      if (this.#tokens.get(key) === known) this.#tokens.delete(key);
      return this.get(key, fetch, use);
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
