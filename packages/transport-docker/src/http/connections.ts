import { setImmediate } from "node:timers/promises";

import { OutOfReach } from "@drayage/transport-kit/wire";
import type { Dispatcher } from "undici";

import { Agents } from "./agents.ts";
import type { AgentSettings } from "./agents.ts";
import { connectionError } from "./connection-error.ts";
import { withoutCoding } from "./content-coding.ts";
import { exchange } from "./exchange.ts";
import type { ReceivedAnswer } from "./exchange.ts";
import { isStream } from "./http-exchange.ts";
import type { HTTPRequest, HTTPResponse } from "./http-exchange.ts";
import { outOfReach } from "./named-host.ts";
import { outgoing } from "./outgoing-stream.ts";
import type { ReceivedBody } from "./received-body.ts";

/** A registry may think longer about what it was sent than about what it is asked: it stores it first. */
const storingFactor = 5;
/** Milliseconds for which a small answer may come slower than 1 KiB a second. */
const smallAnswerPatience = 30_000;
/** The same for all others, in idle timeouts. */
const blobPatience = 2;

/** The connections of one `docker()`: opened at the first request, shared, closed with the last that uses them. */
export class Connections {
  readonly agents: Agents;
  readonly #settings: AgentSettings;
  #users = 0;

  constructor(settings: AgentSettings) {
    this.agents = new Agents(settings);
    this.#settings = settings;
  }

  /** To be held by whoever sends, until disposed of. Open connections would keep a program from ending. */
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
   * One request and its answer, whatever that is.
   * @throws ImageError `unavailable`, `untrusted` for a host that no server may name; what the body's stream throws
   */
  async send(request: HTTPRequest): Promise<HTTPResponse> {
    const { url, signal } = request;
    signal?.throwIfAborted();
    const agent = await this.agents.agentFor(request);
    // undici takes a connection back a turn after the answer on it ended, and else would open another
    await setImmediate();
    signal?.throwIfAborted();
    const body = isStream(request.body) ? outgoing(request.body) : undefined;
    try {
      const sent = body?.bytes ?? request.body;
      const { idleTimeout } = this.#settings;
      const isSmall = request.wholeUpTo !== undefined;
      const answer = await exchange(agent, this.#options({ ...request, body: sent }), {
        buffers: this.agents.buffers,
        signal,
        patience: isSmall ? Math.min(idleTimeout, smallAnswerPatience) : idleTimeout * blobPatience,
      });
      return this.#response(request, answer);
    } catch (error) {
      signal?.throwIfAborted();
      body?.throwIfFailed();
      if (error instanceof OutOfReach) throw outOfReach(request, error);
      const proxy = this.#settings.findProxy(url);
      const { insecure } = this.#settings.wording;
      throw connectionError(url, error, { proxy, reference: request.reference, insecure });
    }
  }

  #options({ method, url, headers, body }: HTTPRequest): Dispatcher.DispatchOptions {
    const { idleTimeout } = this.#settings;
    const isStored = method === "PUT" || method === "POST" || method === "PATCH";
    return {
      method,
      origin: url.origin,
      path: url.pathname + url.search,
      headers,
      // undici takes any async iterable; its types know only streams
      body: (body ?? null) as Uint8Array | null,
      headersTimeout: isStored ? idleTimeout * storingFactor : idleTimeout,
      bodyTimeout: idleTimeout,
      // else the connection would be closed after each HEAD
      reset: false,
    };
  }

  #response(request: HTTPRequest, { status, headers, body }: ReceivedAnswer): HTTPResponse {
    const response: HTTPResponse = {
      status,
      url: request.url,
      headers,
      bytes: this.#received(request, body),
      discard: async () => body.discard(),
    };
    return withoutCoding(response, request.expected);
  }

  async *#received(
    { url, signal, reuseBuffers = false }: HTTPRequest,
    body: ReceivedBody,
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
