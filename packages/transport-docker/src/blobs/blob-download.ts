import { ImageError } from "@drayage/core";
import type { BlobInfo, ByteRange, GetBlobOptions } from "@drayage/core";

import { contentLengthOf, hasContent, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { findForeignLayer } from "./foreign-layer.ts";

/** A blob of a repository or, where it is not there, from where its URLs lead. @throws ImageError `not-found`, … */
export async function* downloadBlob(
  repository: Repository,
  blob: BlobInfo,
  { range, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, urls = [] } = blob;
  if (digest === undefined) throw new ImageError("not-found", "A blob is read by its digest");
  const headers = rangeHeader(range);
  const target = `blobs/${digest}`;
  const request = { method: "GET", target, action: "pull", headers } as const;
  const answer = await repository.request({ ...options, ...request });
  if (hasContent(answer)) return yield* contentOf(answer, blob, range);
  const refusal = await readRefusal(answer);
  const foreign = await findForeignLayer(repository.registry, urls, { ...options, headers });
  if (foreign !== undefined) return yield* contentOf(foreign, blob, range);
  throw registryError(refusal, `read the blob ${digest} of ${repository.name}`);
}

function rangeHeader(range: ByteRange | undefined): Readonly<Record<string, string>> {
  const isAll = range === undefined || (range.start === 0 && range.end === undefined);
  return isAll ? {} : { range: `bytes=${range.start}-${range.end ?? ""}` };
}

/** What was asked for of it, whether the server understood ranges or not. */
async function* contentOf(
  response: HTTPResponse,
  { digest, size }: BlobInfo,
  range: ByteRange = { start: 0 },
): AsyncGenerator<Uint8Array, void, undefined> {
  const problem =
    response.status === 200 ? lengthProblem(response, size) : rangeProblem(response, size, range);
  if (problem !== undefined) {
    await response.discard();
    throw new ImageError("digest-mismatch", `${response.url.host} sent ${problem} of ${digest}`);
  }
  const isWhole = range.start === 0 && range.end === undefined;
  yield* response.status === 206 || isWhole ? response.bytes : sliced(response.bytes, range);
}

function lengthProblem(response: HTTPResponse, size: number | undefined): string | undefined {
  const length = contentLengthOf(response);
  if (length === undefined || size === undefined || length === size) return undefined;
  return `${length} instead of the ${size} bytes`;
}

function rangeProblem(
  response: HTTPResponse,
  size: number | undefined,
  { start, end = Infinity }: ByteRange,
): string | undefined {
  const header = headerOf(response, "content-range") ?? "no Content-Range";
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? [];
  const whole = total === "*" ? size : Number(total);
  const expectedLast = Math.min(end, whole === undefined ? Infinity : whole - 1);
  const isRight =
    Number(first) === start &&
    (expectedLast === Infinity || Number(last) === expectedLast) &&
    (size === undefined || whole === size);
  return isRight ? undefined : `another part (${header})`;
}

async function* sliced(
  bytes: AsyncIterable<Uint8Array>,
  { start, end = Infinity }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const chunk of bytes) {
    const part = chunk.subarray(Math.max(start - at, 0), Math.max(end + 1 - at, 0));
    at += chunk.byteLength;
    if (part.byteLength > 0) yield part;
    if (at > end) return;
  }
}
