import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

import { onTestFinished } from "vitest";

/** A server with the API of an engine, for behaviour that a real engine does not show on demand. */
export interface FakeEngine extends AsyncDisposable {
  readonly host: string;
  /** The requests, such as `GET /v1.41/images/json`, with the pings. */
  readonly requests: readonly string[];
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts one that is stopped after the test. */
export async function useFakeEngine(socket: string, handler: Handler): Promise<FakeEngine> {
  const engine = await startFakeEngine(socket, handler);
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Responds to pings like an engine, and to other requests with the given handler. */
export async function startFakeEngine(socket: string, handler: Handler): Promise<FakeEngine> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === "/_ping") response.setHeader("Api-Version", "1.41").end("OK");
    else handler(request, response);
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    host: `unix://${socket}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Responds that there is no image of that name. */
export function respondNotFound(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify({ message: "no such image" }));
}
