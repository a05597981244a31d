import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { answerOf, ErrorResponse } from "./error-response.ts";
import type {
  Answer,
  ResponseHooks,
  OpenRequest,
  ReceivedRequest,
  RequestHandler,
  ServerName,
} from "./exchange.ts";
import type { OpenLogEntry, RequestLog } from "./request-log.ts";

/** Logs each request, calls the hooks, and converts errors to responses. */
export function requestListener(
  server: ServerName,
  log: RequestLog,
  handler: RequestHandler,
  hooks: ResponseHooks,
): RequestListener {
  return (incoming, response) => {
    // Fails only if the connection broke, so there is no client to report to.
    exchange(incoming, response).catch(() => incoming.socket.destroy());
  };

  async function exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = received(server, incoming);
    const entry = log.begin(asked, incoming.headers.authorization);
    const request: OpenRequest = { ...asked, body: logged(incoming, entry) };
    const answer = await answered(request, handler, hooks);
    if (answer === "hang" || incoming.socket.destroyed) return;
    if (answer === "cut") return void incoming.socket.destroy();
    entry.status = answer.status;
    await send(answer, request, response, entry, hooks);
    // Reads the rest of a rejected body, so that the connection can be used for the next request.
    incoming.resume();
  }
}

function received(server: ServerName, incoming: IncomingMessage): ReceivedRequest {
  const { method = "", url = "/", headers } = incoming;
  const mark = url.indexOf("?");
  const [path, query] = mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
  return { server, method, path: decoded(path), query: new URLSearchParams(query), headers };
}

/** Undecodable paths stay as they are. They match no endpoint. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Keeps the connection open if the loop ends early, because the response is still to be sent. */
async function* logged(
  incoming: IncomingMessage,
  entry: OpenLogEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    entry.requestBytes += (chunk as Buffer).byteLength;
    yield chunk as Buffer;
  }
}

async function answered(
  request: OpenRequest,
  handler: RequestHandler,
  { intercept }: ResponseHooks,
): Promise<Answer | "hang" | "cut"> {
  try {
    return (await intercept?.(request)) ?? (await handler(request));
  } catch (error) {
    if (error instanceof ErrorResponse) return answerOf(error);
    return { status: 500, headers: { "Content-Type": "text/plain" }, body: String(error) };
  }
}

async function send(
  { status, headers, body }: Answer,
  request: ReceivedRequest,
  response: ServerResponse,
  entry: OpenLogEntry,
  { transformBody }: ResponseHooks,
): Promise<void> {
  const right = typeof body === "string" ? Buffer.from(body) : body;
  const allHeaders: Record<string, string> = {
    "Docker-Distribution-API-Version": "registry/2.0",
    ...(status !== 204 && { "Content-Length": `${lengthOf(right)}` }),
    ...headers,
  };
  const { socket } = response;
  response.writeHead(status, allHeaders);
  if (request.method === "HEAD" || right === undefined) return void response.end();
  const stream = right instanceof Uint8Array ? Readable.from([right]) : right;
  await pipeline(sent(transformBody?.(request, stream) ?? stream, entry), response);
  if (entry.responseBytes !== Number(allHeaders["Content-Length"])) socket?.destroySoon();
}

function lengthOf(body: Exclude<Answer["body"], string>): number {
  return body instanceof Uint8Array ? body.byteLength : 0;
}

async function* sent(
  bytes: AsyncIterable<Uint8Array>,
  entry: OpenLogEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    entry.responseBytes += chunk.byteLength;
    yield chunk;
  }
}
