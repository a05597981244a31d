import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, createInflate, createInflateRaw, gunzipSync } from "node:zlib";

import { ImageError, isImageError } from "@drayage/core";
import { readStart } from "@drayage/core/content";

import { contentLengthOf, headerOf } from "./http-exchange.ts";
import type { ExpectedBody, HTTPResponse } from "./http-exchange.ts";

const gzipNames = new Set(["gzip", "x-gzip"]);

/**
 * Decodes a response with a `Content-Encoding` that was not requested. Many servers label compressed content as `gzip`, so
 * a response with the expected size, or without the format of the encoding, stays unchanged.
 */
export function withoutCoding(response: HTTPResponse, expected?: ExpectedBody): HTTPResponse {
  const coding = codingOf(response);
  if (coding === undefined || response.status === 206) return response;
  const length = contentLengthOf(response);
  if (expected?.size !== undefined && length === expected.size) return response;
  const { "content-encoding": _, "content-length": __, ...headers } = response.headers;
  const hasOtherSize = expected?.size !== undefined && length !== undefined;
  const bytes = decoded(response, coding, hasOtherSize ? undefined : expected);
  return { ...response, headers, bytes };
}

/** The coding in lower case; undefined for none. */
function codingOf(response: HTTPResponse): string | undefined {
  const codings = (headerOf(response, "content-encoding") ?? "").toLowerCase().split(",");
  const applied = codings.map((coding) => coding.trim()).filter((coding) => coding !== "");
  const others = applied.filter((coding) => coding !== "identity");
  return others.length === 0 ? undefined : others.join(", ");
}

async function* decoded(
  { bytes, url }: HTTPResponse,
  coding: string,
  expected: ExpectedBody | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, all } = await peek(bytes);
  if (start.byteLength === 0 || looksLikeJSON(start)) return yield* all;
  if (gzipNames.has(coding)) {
    if (!isGzip(start) || (expected !== undefined && isContentItself(start, expected))) {
      return yield* all;
    }
    return yield* decompressed(all, createGunzip(), url);
  }
  if (coding === "deflate") {
    const isWrapped = ((start[0] ?? 0) & 0x0f) === 8;
    return yield* decompressed(all, isWrapped ? createInflate() : createInflateRaw(), url);
  }
  await all.return();
  throw new ImageError(
    "unsupported",
    `${url.host} returned the content encoding ${JSON.stringify(coding.slice(0, 100))}, which was not requested; check whether a proxy in front of it is the cause`,
  );
}

/** Whether gzip bytes are the requested content itself, rather than an encoding of it. */
function isContentItself(start: Uint8Array, { mediaType }: ExpectedBody): boolean {
  const inner = startOfContent(start);
  if (inner === undefined) return true;
  if (isGzip(inner) || isZstd(inner) || looksLikeJSON(inner)) return false;
  return mediaType === undefined || /[+.]gzip$/.test(mediaType);
}

function startOfContent(start: Uint8Array): Uint8Array | undefined {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 21 };
    return gunzipSync(start, options);
  } catch {
    return undefined;
  }
}

function isGzip([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

function isZstd([first, second, third, fourth]: Uint8Array): boolean {
  return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd;
}

/** No compressed format starts like JSON. */
function looksLikeJSON(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b || first === 0x5b;
}

const peekLength = 1 << 10;

/** The start of a stream, and the complete stream. Copies chunks, because decoders read ahead. */
async function peek(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ start: Uint8Array; all: AsyncGenerator<Uint8Array, void, undefined> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const rest: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: async () => iterator.next() }),
  };
  let left: Uint8Array | undefined;
  async function* copied(): AsyncGenerator<Uint8Array, void, undefined> {
    let size = 0;
    for await (const chunk of rest) {
      const copy = Uint8Array.from(chunk);
      left = copy.subarray(Math.max(peekLength - size, 0));
      size += copy.byteLength;
      yield copy;
    }
    left = undefined;
  }
  const start = Uint8Array.from(await readStart(copied(), peekLength));
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield start;
      if (left !== undefined && left.byteLength > 0) yield left;
      for await (const chunk of rest) yield Uint8Array.from(chunk);
    } finally {
      await iterator.return?.();
    }
  }
  return { start, all: all() };
}

async function* decompressed(
  bytes: AsyncGenerator<Uint8Array, void, undefined>,
  decoder: ReturnType<typeof createGunzip>,
  { host }: URL,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = Readable.from(bytes, { objectMode: false });
  const finished = pipeline(source, decoder);
  finished.catch(() => {});
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (isImageError(cause) || !code.startsWith("Z_")) throw cause;
    throw new ImageError("unavailable", `${host} returned a response that cannot be decompressed`, {
      cause,
    });
  } finally {
    source.destroy();
    decoder.destroy();
  }
}
