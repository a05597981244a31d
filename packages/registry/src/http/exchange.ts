import type { IncomingHttpHeaders } from "node:http";

/** Which server of a registry was asked: itself, the one that gives out tokens, the one that blobs are redirected to. */
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

/** What a registry answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A stream needs a `Content-Length` header beside it. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** What happens instead of the registry's own answer: another one, none for ever, a connection that breaks off. */
export type Interception = Answer | "hang" | "cut" | undefined;

/** How tests make a registry misbehave. */
export interface Misbehaviour {
  /** Asked first, for each request to any of the servers; undefined lets the registry answer. */
  readonly intercept?:
    | ((request: ReceivedRequest) => Interception | Promise<Interception>)
    | undefined;
  /** Other bytes than the right ones, under the right headers. Where their number differs the connection is cut after them. */
  readonly transformBody?:
    | ((request: ReceivedRequest, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>)
    | undefined;
}

/** Answers one request. */
export type RequestHandler = (request: OpenRequest) => Promise<Answer>;

export function jsonAnswer(
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Answer {
  const body = JSON.stringify(value);
  return { status, headers: { "Content-Type": "application/json", ...headers }, body };
}
