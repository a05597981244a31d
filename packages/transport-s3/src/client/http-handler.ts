import { Agent as HTTPAgent } from "node:http";
import { Agent as HTTPSAgent } from "node:https";
import type { Readable } from "node:stream";

import type { FindProxy } from "@drayage/transport-kit/wire";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { NodeHttpHandlerOptions } from "@smithy/node-http-handler";

import { inPieces } from "./body-pieces.ts";
import { checkingResponses, receiving } from "./receiving-agent.ts";
import { smallAnswer } from "./small-answer.ts";

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
      const answer = await (await handlerFor(proxy)).handle(request, given);
      const { response } = answer;
      const body = response.body as Readable;
      if (!hasObject(request, response)) {
        const root = rootOf(request, response);
        response.body = await smallAnswer(body, request.method, root);
      }
      return answer;
    },
    destroy() {
      for (const handler of handlers.values()) void handler.then((one) => one.destroy());
      handlers.clear();
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => options,
  };
}

type Exchange = Parameters<Handler["handle"]>[0];
type Answer = Awaited<ReturnType<Handler["handle"]>>["response"];

/** Whether the body is an object, of any size, rather than what the store says about one. */
function hasObject({ method, query }: Exchange, { statusCode }: Answer): boolean {
  return method === "GET" && query["x-id"] === "GetObject" && statusCode < 300;
}

/** Of lists, which are all that is read beside objects; credentials come as JSON. */
function rootOf({ method, query }: Exchange, { statusCode }: Answer): RegExp | undefined {
  const isList = ["list-type", "uploads", "uploadId"].some((name) => Object.hasOwn(query, name));
  return method === "GET" && isList && statusCode < 300 ? /^List\w+Result$/ : undefined;
}

type Agents = Required<Pick<NodeHttpHandlerOptions, "httpAgent" | "httpsAgent">>;

const kept = { keepAlive: true, maxSockets: 128 };

/** What speaks to proxies is only loaded where there is one. */
async function agentsThrough(proxy: URL | undefined): Promise<Agents> {
  if (proxy === undefined)
    return {
      httpAgent: checkingResponses(receiving(new HTTPAgent(kept))),
      httpsAgent: checkingResponses(receiving(new HTTPSAgent(kept))),
    };
  const [{ HttpProxyAgent }, { TunnelAgent }] = await Promise.all([
    import("http-proxy-agent"),
    import("./tunnel-agent.ts"),
  ]);
  return {
    httpAgent: checkingResponses(new HttpProxyAgent(proxy, kept)),
    httpsAgent: checkingResponses(new TunnelAgent(proxy, kept)) as unknown as HTTPSAgent,
  };
}
