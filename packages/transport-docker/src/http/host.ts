import { AdaptiveLimit } from "@drayage/transport-kit/wire";

import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";

/**
 * The state of one host: whether it has responded, and how many requests it gets at once. That limit is halved when the
 * host is busy, and grows again slowly.
 *
 * A request counts until its response begins. A request that sends a stream does not count: the stream may come from the
 * same host, and would wait for its own end. So no request that counts ever waits for another one that counts.
 */
export class Host {
  readonly #limit: AdaptiveLimit;
  #hasAnswered = false;

  constructor(maxRequests: number) {
    this.#limit = new AdaptiveLimit({ max: maxRequests, growth: 1 / 4 });
  }

  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Sends the request as soon as the limit allows it. */
  async send(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
    using _ = isStream(request.body) ? undefined : await this.#limit.acquire(request.signal);
    const sentAt = performance.now();
    const response = await send(request);
    this.#hasAnswered = true;
    if (isBusy(response.status)) {
      return { ...response, isRefusedWithOthers: !this.#limit.slowDown(sentAt) };
    }
    this.#limit.succeeded();
    return { ...response, isRefusedWithOthers: false };
  }

  /** No request that counts is sent until this is disposed of. */
  hold(): Disposable {
    return this.#limit.hold();
  }
}

/** True for the status of a host that gets too many requests. */
export function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}
