import http from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";

import { readStart } from "@drayage/core/content";

import { connectionError } from "./connection-error.ts";
import type { Endpoint } from "./endpoint.ts";

/** What is asked of an engine. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** With the version of the API and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a sign of life while the engine is waited for. */
  readonly idleTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The answer of an engine. */
export interface EngineAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingMessage["headers"];
  /** To be read, or left, which closes the connection. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** An answer that was read, as far as it is worth it. */
export interface ShortAnswer extends Pick<EngineAnswer, "status" | "headers"> {
  readonly text: string;
}

/** A request whose body is being written. */
export interface BegunExchange {
  readonly body: ClientRequest;
  /** @throws ImageError `unavailable`, `denied`, or the reason of an abort */
  readonly answer: Promise<EngineAnswer>;
  /** What a failure of the connection means. */
  readonly explain: (cause: unknown) => unknown;
}

/** Begins a request, on a connection of its own that ends with the answer. */
export function beginExchange(endpoint: Endpoint, request: EngineRequest): BegunExchange {
  const { idleTimeout, signal } = request;
  const body = open(endpoint, request);
  let silence: Error | undefined;
  const explain = (cause: unknown): unknown =>
    signal?.aborted ? signal.reason : connectionError(endpoint, silence ?? cause);
  const onSilence = (): void => {
    // Where nothing was asked yet, or not all of it, it is us who take so long.
    if (!body.writableEnded && body.writableLength === 0) return;
    silence = new Silence(idleTimeout);
    body.destroy(silence);
  };
  // A timeout of the request itself is told of once only, however often it comes.
  body.on("socket", (socket) => socket.setTimeout(idleTimeout).on("timeout", onSilence));
  const { promise: answer, resolve, reject } = Promise.withResolvers<EngineAnswer>();
  body.on("response", (message: IncomingMessage) =>
    resolve({
      status: message.statusCode ?? 0,
      headers: message.headers,
      bytes: bytesOf(message, explain),
    }),
  );
  body.on("error", (cause: unknown) => reject(explain(cause)));
  // A failure is told to who writes or to who waits for the answer, whoever comes first.
  answer.catch(() => {});
  return { body, answer, explain };
}

/** Reads an answer that may be anything. */
export async function startOf(answer: EngineAnswer, limit: number = 1 << 16): Promise<ShortAnswer> {
  const { status, headers, bytes } = answer;
  const text = new TextDecoder().decode(await readStart(bytes, limit));
  return { status, headers, text };
}

function open(
  { address, tls }: Endpoint,
  { method, path, headers, signal }: EngineRequest,
): ClientRequest {
  const options: RequestOptions = {
    ...(address.kind === "socket"
      ? { socketPath: address.path }
      : { hostname: address.hostname, port: address.port }),
    agent: false,
    method,
    path,
    headers,
    signal,
  };
  if (tls === undefined) return http.request(options);
  const { ca, identity, insecure } = tls;
  return https.request({ ...options, ca, ...identity, rejectUnauthorized: !insecure });
}

async function* bytesOf(
  message: IncomingMessage,
  explain: BegunExchange["explain"],
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* message as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw explain(cause);
  }
}

/** With the code of a system that waited in vain. */
class Silence extends Error {
  readonly code = "ETIMEDOUT";

  constructor(milliseconds: number) {
    super(`nothing came for ${milliseconds} ms`);
  }
}
