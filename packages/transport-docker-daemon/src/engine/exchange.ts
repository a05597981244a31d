import http from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import https from "node:https";

import { readStart } from "@drayage/core/content";

import { connectionError } from "./connection-error.ts";
import type { Endpoint } from "./endpoint.ts";

/** A request to an engine. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** The path with the API version and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without data, while the engine must act, after which the request fails. */
  readonly idleTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The response of an engine. */
export interface EngineResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingMessage["headers"];
  /** The body. Leaving the loop closes the connection. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A response whose body was read, up to a limit. */
export interface TextResponse extends Pick<EngineResponse, "status" | "headers"> {
  readonly text: string;
}

/** A request whose body is being written. */
export interface Exchange {
  readonly body: ClientRequest;
  /** @throws ImageError `unavailable`, `denied`, or the reason of an abort */
  readonly response: Promise<EngineResponse>;
  /** Converts an error of the connection. */
  readonly explain: (cause: unknown) => unknown;
}

/** Starts a request on a new connection, which is closed after the response. */
export function startExchange(endpoint: Endpoint, request: EngineRequest): Exchange {
  const { idleTimeout, signal } = request;
  const body = open(endpoint, request);
  let timeout: Error | undefined;
  const explain = (cause: unknown): unknown =>
    signal?.aborted ? signal.reason : connectionError(endpoint, timeout ?? cause);
  const onTimeout = (): void => {
    // The engine is not late while the request is incomplete and nothing is buffered.
    if (!body.writableEnded && body.writableLength === 0) return;
    timeout = new IdleTimeout(idleTimeout);
    body.destroy(timeout);
  };
  // The request emits `timeout` only once, the socket every time.
  body.on("socket", (socket) => socket.setTimeout(idleTimeout).on("timeout", onTimeout));
  const { promise: response, resolve, reject } = Promise.withResolvers<EngineResponse>();
  body.on("response", (message: IncomingMessage) =>
    resolve({
      status: message.statusCode ?? 0,
      headers: message.headers,
      bytes: bytesOf(message, explain),
    }),
  );
  body.on("error", (cause: unknown) => reject(explain(cause)));
  // The error also rejects writes, so it may be handled there instead.
  response.catch(() => {});
  return { body, response, explain };
}

/** Reads the body of a response as text, up to a limit. */
export async function readText(
  response: EngineResponse,
  limit: number = 1 << 16,
): Promise<TextResponse> {
  const { status, headers, bytes } = response;
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
  explain: Exchange["explain"],
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* message as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw explain(cause);
  }
}

/** Has the code of a system timeout. */
class IdleTimeout extends Error {
  readonly code = "ETIMEDOUT";

  constructor(milliseconds: number) {
    super(`received nothing for ${milliseconds} ms`);
  }
}
