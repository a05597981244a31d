import { Agent as HTTPAgent } from "node:http";
import { Agent as HTTPSAgent } from "node:https";

import type { FindProxy } from "@drayage/core";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { NodeHttpHandlerOptions } from "@smithy/node-http-handler";

import { inPieces } from "./body-pieces.ts";
import { receiving } from "./receiving-agent.ts";

/** How connections are made and kept. */
export interface HandlerSettings {
  /** Milliseconds. */
  readonly idleTimeout: number;
  readonly findProxy: FindProxy;
}

/** What a client of the SDK needs to send requests. */
type Handler = Pick<
  NodeHttpHandler,
  "metadata" | "handle" | "destroy" | "updateHttpClientConfig" | "httpHandlerConfigs"
>;

/** Sends requests, each through the proxy that is meant for it, if any. */
export function newHTTPHandler({ idleTimeout, findProxy }: HandlerSettings): Handler {
  const options = { connectionTimeout: 10_000, socketTimeout: idleTimeout };
  const handlers = new Map<string | undefined, Promise<Handler>>();
  const handlerFor = async (proxy: URL | undefined): Promise<Handler> => {
    const handler =
      handlers.get(proxy?.href) ??
      agentsThrough(proxy).then((agents) => new NodeHttpHandler({ ...options, ...agents }));
    handlers.set(proxy?.href, handler);
    return handler;
  };
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, given) {
      const { protocol, hostname, port } = request;
      const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
      const proxy = findProxy(url);
      // Its beginning would be on the way before it is rewritten for the proxy.
      if (proxy !== undefined && protocol === "http:") delete request.headers["Expect"];
      if (request.body instanceof Uint8Array) request.body = inPieces(request.body);
      return (await handlerFor(proxy)).handle(request, given);
    },
    destroy() {
      for (const handler of handlers.values()) void handler.then((one) => one.destroy());
      handlers.clear();
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => options,
  };
}

type Agents = Required<Pick<NodeHttpHandlerOptions, "httpAgent" | "httpsAgent">>;

const kept = { keepAlive: true, maxSockets: 128 };

/** What speaks to proxies is only loaded where there is one. */
async function agentsThrough(proxy: URL | undefined): Promise<Agents> {
  if (proxy === undefined)
    return {
      httpAgent: receiving(new HTTPAgent(kept)),
      httpsAgent: receiving(new HTTPSAgent(kept)),
    };
  const [{ HttpProxyAgent }, { HttpsProxyAgent }] = await Promise.all([
    import("http-proxy-agent"),
    import("https-proxy-agent"),
  ]);
  /** Guesses by who calls whether a connection is encrypted, and would not find again those that it keeps. */
  class TunnelAgent extends HttpsProxyAgent<string> {
    override isSecureEndpoint(): boolean {
      return true;
    }
  }
  return {
    httpAgent: new HttpProxyAgent(proxy, kept),
    httpsAgent: new TunnelAgent(proxy, kept) as unknown as HTTPSAgent,
  };
}
