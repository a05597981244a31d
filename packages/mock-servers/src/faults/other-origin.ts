import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

import { openWebServer } from "@drayage/registry/http";
import type { WebServer } from "@drayage/registry/http";

import { forward } from "./forwarding.ts";
import { noTransfer } from "./proxied-request.ts";
import type { TransferCounts } from "./proxied-request.ts";

/** A request to the other origin. */
export interface RedirectedRequest extends TransferCounts {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Another origin that forwards requests to the registry. Its URLs need no credentials, like those of object stores. */
export class OtherOrigin implements AsyncDisposable {
  readonly requests: RedirectedRequest[] = [];
  readonly #target: URL;
  readonly #server: WebServer;
  /** The `Authorization` to use for the registry, by the first part of the path. */
  readonly #callers = new Map<string, string | undefined>();

  private constructor(target: URL, server: WebServer) {
    this.#target = target;
    this.#server = server;
    server.serve((incoming, response) => {
      this.#serve(incoming, response).catch(() => incoming.socket.destroy());
    });
  }

  static async open(target: URL): Promise<OtherOrigin> {
    return new OtherOrigin(target, await openWebServer({}, 0));
  }

  /** The URL at this origin for a path and query of the registry, with the given `Authorization`. */
  addressOf(pathAndQuery: string, authorization: string | undefined): string {
    const caller = randomUUID();
    this.#callers.set(caller, authorization);
    return this.#addressFor(caller, pathAndQuery);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers, ...noTransfer() };
    this.requests.push(request);
    const [, caller = "", rest = ""] = /^\/([^/]*)(.*)$/.exec(url) ?? [];
    if (!this.#callers.has(caller)) return void response.writeHead(404).end();
    const { authorization: _, ...others } = headers;
    const own = this.#callers.get(caller);
    await forward({
      incoming,
      response,
      url: new URL(rest, this.#target),
      headers: { ...others, ...(own !== undefined && { authorization: own }) },
      effects: {},
      room: { request: Infinity, response: Infinity },
      passed: request,
      translated: (name, value) => (name === "location" ? this.#led(value, caller) : value),
    });
  }

  #led(location: string, caller: string): string {
    const { origin, pathname, search } = new URL(location, this.#target);
    return origin === this.#target.origin ? this.#addressFor(caller, pathname + search) : location;
  }

  #addressFor(caller: string, pathAndQuery: string): string {
    return `${this.#server.origin}/${caller}${pathAndQuery}`;
  }
}
