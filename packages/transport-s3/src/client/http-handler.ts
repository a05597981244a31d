import { Agent as HTTPAgent } from "node:http";
import { Agent as HTTPSAgent } from "node:https";
import type { Readable } from "node:stream";

import type { FindProxy } from "@drayage/transport-kit/wire";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { NodeHttpHandlerOptions } from "@smithy/node-http-handler";

import { rejectingUnfinished, reusingBuffers } from "./agents.ts";
import { inChunks } from "./body-chunks.ts";
import { boundedResponse } from "./bounded-response.ts";

/** Settings of connections. */
export interface HandlerSettings {
  /** Milliseconds. */
  readonly idleTimeout: number;
  readonly findProxy: FindProxy;
}

/** The request handler of an SDK client. */
type Handler = Pick<
  NodeHttpHandler,
  "metadata" | "handle" | "destroy" | "updateHttpClientConfig" | "httpHandlerConfigs"
>;

/** Creates a handler that sends each request directly or through its proxy. */
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
    async handle(request, requestOptions) {
      const { protocol, hostname, port } = request;
      const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
      const proxy = findProxy(url);
      // Node would send the headers before they are rewritten for the proxy.
      if (proxy !== undefined && protocol === "http:") delete request.headers["Expect"];
      if (request.body instanceof Uint8Array) request.body = inChunks(request.body);
      const output = await (await handlerFor(proxy)).handle(request, requestOptions);
      const { response } = output;
      const body = response.body as Readable;
      if (!hasObject(request, response)) {
        const root = rootOf(request, response);
        response.body = await boundedResponse(body, request.method, root);
      }
      return output;
    },
    destroy() {
      for (const handler of handlers.values()) void handler.then((opened) => opened.destroy());
      handlers.clear();
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => options,
  };
}

type Request = Parameters<Handler["handle"]>[0];
type Response = Awaited<ReturnType<Handler["handle"]>>["response"];

/** Whether the body is the content of an object, of any size. */
function hasObject({ method, query }: Request, { statusCode }: Response): boolean {
  return method === "GET" && query["x-id"] === "GetObject" && statusCode < 300;
}

/** The expected root element of a list; undefined for other responses (credentials are JSON). */
function rootOf({ method, query }: Request, { statusCode }: Response): RegExp | undefined {
  const isList = ["list-type", "uploads", "uploadId"].some((name) => Object.hasOwn(query, name));
  return method === "GET" && isList && statusCode < 300 ? /^List\w+Result$/ : undefined;
}

type Agents = Required<Pick<NodeHttpHandlerOptions, "httpAgent" | "httpsAgent">>;

const agentOptions = { keepAlive: true, maxSockets: 128 };

/** Loads the code for proxies only if there is one. */
async function agentsThrough(proxy: URL | undefined): Promise<Agents> {
  if (proxy === undefined)
    return {
      httpAgent: rejectingUnfinished(reusingBuffers(new HTTPAgent(agentOptions))),
      httpsAgent: rejectingUnfinished(reusingBuffers(new HTTPSAgent(agentOptions))),
    };
  const [{ HttpProxyAgent }, { TunnelAgent }] = await Promise.all([
    import("http-proxy-agent"),
    import("./tunnel-agent.ts"),
  ]);
  return {
    httpAgent: rejectingUnfinished(new HttpProxyAgent(proxy, agentOptions)),
    httpsAgent: rejectingUnfinished(new TunnelAgent(proxy, agentOptions)) as unknown as HTTPSAgent,
  };
}
