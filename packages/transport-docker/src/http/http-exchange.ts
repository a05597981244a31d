import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { readStart, streamOf } from "@drayage/core/content";

import type { Trust } from "./trust.ts";

export interface HTTPRequest extends OperationOptions {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** A stream can be sent once; all else can be repeated. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /**
   * Bytes. A small answer is read whole before it counts as one, so that it is asked for again where it breaks off in
   * the middle; one that is larger is an error.
   */
  readonly wholeUpTo?: number | undefined;
  /** What is known of the body of the answer; undefined for a text. */
  readonly expected?: ExpectedBody | undefined;
  /** As in `GetBlobOptions`. */
  readonly reuseBuffers?: boolean | undefined;
  /** The server that named the URL; undefined where the user did, or where it is the registry itself. */
  readonly namedBy?: URL | undefined;
  /** The image that this is about, as `docker://alpine:3.20`, for errors. */
  readonly reference?: string | undefined;
  /** Of the registry that this is about; without one the host has to prove who it is to anybody. */
  readonly trust?: Trust | undefined;
}

/** What is known of a body that may be compressed by itself, as layers are. */
export interface ExpectedBody {
  /** Bytes. */
  readonly size?: number | undefined;
  readonly mediaType?: string | undefined;
}

/** As whom a registry was asked. */
export interface Access {
  /** Whether no credentials were sent, nor a token for any. */
  readonly isAnonymous: boolean;
  /** What to do to get other credentials, in the words of the program. */
  readonly login: string;
}

export interface HTTPResponse {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** To be read or discarded, else the connection stays taken. */
  readonly bytes: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
  /** As in the request. */
  readonly reference?: string | undefined;
  /** True where many requests were refused together, and another of them was the first. */
  readonly isRefusedWithOthers?: boolean | undefined;
  /** True where an attempt before this one broke off, and may have done all the same what was asked. */
  readonly mayBeDone?: boolean | undefined;
  /** True where there was an attempt before this one, perhaps a while ago. */
  readonly isRepeated?: boolean | undefined;
  /** For an error of the registry itself: as whom it was asked. */
  readonly access?: Access | undefined;
  /** For a refusal that was met again and again: what each attempt failed with. */
  readonly failure?: Error | undefined;
}

export type Send = (request: HTTPRequest) => Promise<HTTPResponse>;

export function isStream(body: HTTPRequest["body"]): body is AsyncIterable<Uint8Array> {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** True for an answer that has what was asked for, or the part of it. */
export function hasContent({ status }: HTTPResponse): boolean {
  return status === 200 || status === 206;
}

/** A header that may be there several times, as one text. */
export function headerOf({ headers }: HTTPResponse, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

/** In bytes, where the response says it. */
export function contentLengthOf(response: HTTPResponse): number | undefined {
  const text = headerOf(response, "content-length");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The body of a small answer. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function wholeOf(response: HTTPResponse, limit: number): Promise<Uint8Array> {
  const { bytes, url, reference } = response;
  const whole = await readStart(bytes, limit + 1);
  if (whole.byteLength <= limit) return whole;
  throw new ImageError(
    "invalid-manifest",
    `${url.host} answered with more than ${limit} bytes for ${url.pathname}, the most that is read of such an answer`,
    { reference },
  );
}

/** @throws ImageError `invalid-manifest` above `limit` bytes */
export async function textOf(response: HTTPResponse, limit: number): Promise<string> {
  return new TextDecoder().decode(await wholeOf(response, limit));
}

/** What is worth showing of an answer that may be anything: its first 64 KiB. */
export async function startOfText({ bytes }: HTTPResponse): Promise<string> {
  return new TextDecoder().decode(await readStart(bytes, startLength));
}

const startLength = 1 << 16;

/** An answer whose body was read already. */
export function inMemory(response: HTTPResponse, body: string | Uint8Array): HTTPResponse {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { ...response, bytes: streamOf(bytes), discard: async () => {} };
}
