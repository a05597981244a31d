import { setImmediate } from "node:timers/promises";

import { ForbiddenAddress } from "@drayage/transport-kit/wire";
import type { Dispatcher } from "undici";

import { Agents } from "./agents.ts";
import type { AgentSettings } from "./agents.ts";
import { connectionError } from "./connection-error.ts";
import { withoutCoding } from "./content-coding.ts";
import { exchange } from "./exchange.ts";
import type { ReceivedResponse } from "./exchange.ts";
import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "./http-exchange.ts";
import { outOfReach } from "./named-host.ts";
import { outgoingStream } from "./outgoing-stream.ts";
import type { ResponseBody } from "./response-body.ts";

/** Extends the timeout of uploads, because a registry stores the content before it responds. */
const uploadFactor = 5;
/** The `slowTimeout` of small responses, in milliseconds. */
const smallSlowTimeout = 30_000;
/** The `slowTimeout` of other responses, as a multiple of the idle timeout. */
const slowFactor = 2;

/** The connections of one `docker()`, opened by the first request and closed with the last user. */
export class Connections {
  readonly agents: Agents;
  readonly #settings: AgentSettings;
  #users = 0;

  constructor(settings: AgentSettings) {
    this.agents = new Agents(settings);
    this.#settings = settings;
  }

  /** Keeps connections open until disposal. Every sender holds one; open connections keep the process running. */
  use(): AsyncDisposable {
    this.#users++;
    let isOpen = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (!isOpen) return;
        isOpen = false;
        if (--this.#users === 0) await this.agents.destroy();
      },
    };
  }

  /**
   * Sends one request and returns a response of any status.
   * @throws ImageError `unavailable`; `untrusted` for a host that its server may not name; the error of the body stream
   */
  async send(request: HTTPRequest): Promise<HTTPResponse> {
    const { url, signal } = request;
    signal?.throwIfAborted();
    const agent = await this.agents.agentFor(request);
    // undici releases a connection one turn of the event loop after its response, and would open another one.
    await setImmediate();
    signal?.throwIfAborted();
    const body = isStream(request.body) ? outgoingStream(request.body) : undefined;
    try {
      const sent = body?.bytes ?? request.body;
      const { idleTimeout } = this.#settings;
      const isSmall = request.maxBodySize !== undefined;
      const received = await exchange(agent, this.#options({ ...request, body: sent }), {
        buffers: this.agents.buffers,
        signal,
        slowTimeout: isSmall ? Math.min(idleTimeout, smallSlowTimeout) : idleTimeout * slowFactor,
      });
      return this.#response(request, received);
    } catch (error) {
      signal?.throwIfAborted();
      body?.throwIfFailed();
      if (error instanceof ForbiddenAddress) throw outOfReach(request, error);
      const proxy = this.#settings.findProxy(url);
      const { insecure } = this.#settings.wording;
      throw connectionError(url, error, { proxy, reference: request.reference, insecure });
    }
  }

  #options({ method, url, headers, body }: HTTPRequest): Dispatcher.DispatchOptions {
    const { idleTimeout } = this.#settings;
    const isUpload = method === "PUT" || method === "POST" || method === "PATCH";
    return {
      method,
      origin: url.origin,
      path: url.pathname + url.search,
      headers,
      // undici accepts any async iterable, but its types do not.
      body: (body ?? null) as Uint8Array | null,
      headersTimeout: isUpload ? idleTimeout * uploadFactor : idleTimeout,
      bodyTimeout: idleTimeout,
      // Keeps the connection open after HEAD.
      reset: false,
    };
  }

  #response(request: HTTPRequest, { status, headers, body }: ReceivedResponse): HTTPResponse {
    const response: HTTPResponse = {
      status,
      url: request.url,
      headers,
      bytes: this.#chunks(request, body),
      discard: async () => body.discard(),
    };
    return withoutCoding(response, request.expected);
  }

  async *#chunks(
    { url, signal, reuseBuffers = false }: HTTPRequest,
    body: ResponseBody,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of body) {
        yield reuseBuffers ? chunk : new Uint8Array(chunk);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(url, error);
    }
  }
}
