import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";

/** How many more requests a host gets at once after it has answered as many as it gets now. */
const growth = 1 / 4;

/**
 * What was learnt of one host: whether there is one, and how many requests it takes at once. That is halved when it
 * says that it is busy, and grows again slowly.
 *
 * A request counts until its answer begins, and one that sends a stream not at all: such a stream may come from the
 * same host, and would wait for its own end. So nothing that counts ever waits for something else that does.
 */
export class Host {
  readonly #most: number;
  readonly #waiting: Set<() => void> = new Set();
  #atOnce: number;
  #underWay = 0;
  #holds = 0;
  #hasAnswered = false;
  #slowedAt = -Infinity;

  constructor(most: number) {
    this.#most = Math.max(1, most);
    this.#atOnce = this.#most;
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Sends when it is this request's turn. */
  async send(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
    const isCounted = !isStream(request.body);
    if (isCounted) await this.#turn(request.signal);
    const askedAt = performance.now();
    try {
      const response = await send(request);
      this.#hasAnswered = true;
      return { ...response, isRefusedWithOthers: this.#learn(response.status, askedAt) };
    } finally {
      if (isCounted) {
        this.#underWay--;
        this.#admit();
      }
    }
  }

  /** Nothing that counts is sent until this is disposed of. */
  hold(): Disposable {
    this.#holds++;
    return {
      [Symbol.dispose]: () => {
        this.#holds--;
        this.#admit();
      },
    };
  }

  /** Many requests that are refused at once are one reason to slow down. True for all but the first of them. */
  #learn(status: number, askedAt: number): boolean {
    if (!isBusy(status)) {
      this.#atOnce = Math.min(this.#most, this.#atOnce + growth / this.#atOnce);
      return false;
    }
    if (askedAt < this.#slowedAt) return true;
    this.#slowedAt = performance.now();
    this.#atOnce = Math.max(1, Math.min(this.#atOnce, this.#underWay) / 2);
    return false;
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const abort = (): void => {
      if (this.#waiting.delete(turn.resolve)) turn.reject(signal?.reason as Error);
    };
    this.#waiting.add(turn.resolve);
    signal?.addEventListener("abort", abort, { once: true });
    this.#admit();
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #admit(): void {
    for (const proceed of this.#waiting) {
      if (this.#holds > 0 || this.#underWay + 1 > this.#atOnce) return;
      this.#waiting.delete(proceed);
      this.#underWay++;
      proceed();
    }
  }
}

/** True for what hosts answer to whoever asks too much at once. */
export function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}
