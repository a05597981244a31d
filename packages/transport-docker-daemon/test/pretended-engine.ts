import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

import { onTestFinished } from "vitest";

/** What only looks like an engine, for what a real one does not do when it is asked to. */
export interface PretendedEngine extends AsyncDisposable {
  readonly host: string;
  /** `GET /v1.41/images/json` each, the greetings too. */
  readonly asked: readonly string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** One that is gone when the test is over. */
export async function pretendEngine(socket: string, answer: Answer): Promise<PretendedEngine> {
  const engine = await startPretendedEngine(socket, answer);
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Greets as an engine does, and answers all else as it is told. */
export async function startPretendedEngine(
  socket: string,
  answer: Answer,
): Promise<PretendedEngine> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/_ping") response.setHeader("Api-Version", "1.41").end("OK");
    else answer(request, response);
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    host: `unix://${socket}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Nothing of that name. */
export function answersNotFound(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify({ message: "no such image" }));
}
