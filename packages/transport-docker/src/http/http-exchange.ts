import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { readStart, streamOf } from "@drayage/core/content";

import type { Trust } from "./trust.ts";

export interface HTTPRequest extends OperationOptions {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** A stream can be sent once. Other requests can be repeated. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /**
   * The maximum size of the response body in bytes. The body is read completely as part of the request, so that an
   * incomplete response is retried.
   */
  readonly maxBodySize?: number | undefined;
  /** Known properties of the response body; undefined for text. */
  readonly expected?: ExpectedBody | undefined;
  /** As in `GetBlobOptions`. */
  readonly reuseBuffers?: boolean | undefined;
  /** The server that named the URL; undefined for the registry itself, and for URLs of the user. */
  readonly namedBy?: URL | undefined;
  /** The requested image for error messages: `docker://alpine:3.20`. */
  readonly reference?: string | undefined;
  /** The trust settings of the registry; undefined for the default ones. */
  readonly trust?: Trust | undefined;
}

/** Known properties of a body whose content may be compressed, like a layer. */
export interface ExpectedBody {
  /** In bytes. */
  readonly size?: number | undefined;
  readonly mediaType?: string | undefined;
}

/** How a request to a registry was authorized. */
export interface Access {
  /** Whether neither credentials nor a token for credentials were sent. */
  readonly isAnonymous: boolean;
  /** The instruction to store other credentials, as in `DockerWording`. */
  readonly login: string;
}

export interface HTTPResponse {
  readonly status: number;
  /** The URL after redirects. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body. Read or discard it, otherwise the connection stays in use. */
  readonly bytes: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
  /** As in the request. */
  readonly reference?: string | undefined;
  /** True if the host was busy and another concurrent request was rejected first. */
  readonly isRejectedWithOthers?: boolean | undefined;
  /** True if an earlier attempt failed after the server may have executed it. */
  readonly mayHaveSucceeded?: boolean | undefined;
  /** True if there was an earlier attempt. */
  readonly isRepeated?: boolean | undefined;
  /** For a response of the registry itself: how the request was authorized. */
  readonly access?: Access | undefined;
  /** The error of the last attempt, if retries are exhausted. */
  readonly failure?: Error | undefined;
}

export type Send = (request: HTTPRequest) => Promise<HTTPResponse>;

export function isStream(body: HTTPRequest["body"]): body is AsyncIterable<Uint8Array> {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** True for a response with the requested content, or a part of it. */
export function hasContent({ status }: HTTPResponse): boolean {
  return status === 200 || status === 206;
}

/** A header as one string, also if the response has several of it. */
export function headerOf({ headers }: HTTPResponse, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

/** The `Content-Length` in bytes; undefined if it is missing or invalid. */
export function contentLengthOf(response: HTTPResponse): number | undefined {
  const text = headerOf(response, "content-length");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Reads a body of limited size. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function readBody(response: HTTPResponse, limit: number): Promise<Uint8Array> {
  const { bytes, url, reference } = response;
  const body = await readStart(bytes, limit + 1);
  if (body.byteLength <= limit) return body;
  throw new ImageError(
    "invalid-manifest",
    `${url.host} returned more than ${limit} bytes for ${url.pathname}, which is the limit`,
    { reference },
  );
}

/** Reads a text of limited size. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function textOf(response: HTTPResponse, limit: number): Promise<string> {
  return new TextDecoder().decode(await readBody(response, limit));
}

/** Reads the first 64 KiB of a response of unknown content. */
export async function readTextStart({ bytes }: HTTPResponse): Promise<string> {
  return new TextDecoder().decode(await readStart(bytes, maxStart));
}

const maxStart = 1 << 16;

/** A response with a body that has been read. */
export function withBody(response: HTTPResponse, body: string | Uint8Array): HTTPResponse {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { ...response, bytes: streamOf(bytes), discard: async () => {} };
}
