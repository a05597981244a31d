import type { IncomingHttpHeaders } from "node:http";

/** The server that received a request: the registry, its token server or the storage that blobs are redirected to. */
export type ServerName = "registry" | "tokens" | "storage";

/** A request before its body is read. */
export interface ReceivedRequest {
  readonly server: ServerName;
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A request with its body, which can be read once. */
export interface OpenRequest extends ReceivedRequest {
  readonly body: AsyncIterable<Uint8Array>;
}

/** A response of the registry. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A stream requires a `Content-Length` header. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** What replaces the registry's response: another response, no response, or a disconnect. */
export type Interception = Answer | "hang" | "cut" | undefined;

/** Hooks with which tests make a registry misbehave. */
export interface ResponseHooks {
  /** Called first for each request to any of the servers. Returns undefined to let the registry respond. */
  readonly intercept?:
    | ((request: ReceivedRequest) => Interception | Promise<Interception>)
    | undefined;
  /** Replaces the body but keeps the headers. If the length differs, the connection is closed after the body. */
  readonly transformBody?:
    | ((request: ReceivedRequest, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>)
    | undefined;
}

/** Responds to one request. */
export type RequestHandler = (request: OpenRequest) => Promise<Answer>;

export function jsonAnswer(
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Answer {
  const body = JSON.stringify(value);
  return { status, headers: { "Content-Type": "application/json", ...headers }, body };
}
