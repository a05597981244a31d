import { AdaptiveLimit } from "@drayage/transport-kit/wire";

import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse, Send } from "./http-exchange.ts";

/**
 * The state of one host: whether it has responded, and its request limit, which is halved when the host is busy and then
 * grows slowly.
 *
 * A request counts until its response starts. A request that sends a stream does not count, because the stream may come
 * from the same host, which would be a deadlock.
 */
export class Host {
  readonly #limit: AdaptiveLimit;
  #hasResponded = false;

  constructor(maxRequests: number) {
    this.#limit = new AdaptiveLimit({ max: maxRequests, growth: 1 / 4 });
  }

  get hasResponded(): boolean {
    return this.#hasResponded;
  }

  /** Sends the request as soon as the limit allows it. */
  async send(request: HTTPRequest, send: Send): Promise<HTTPResponse> {
    using _ = isStream(request.body) ? undefined : await this.#limit.acquire(request.signal);
    const sentAt = performance.now();
    const response = await send(request);
    this.#hasResponded = true;
    if (isBusy(response.status)) {
      return { ...response, isRejectedWithOthers: !this.#limit.slowDown(sentAt) };
    }
    this.#limit.succeeded();
    return { ...response, isRejectedWithOthers: false };
  }

  /** Delays requests that count until disposal. */
  hold(): Disposable {
    return this.#limit.hold();
  }
}

/** True for the status of a host that gets too many requests. */
export function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}
