import { ImageError } from "@drayage/core";
import type { BlobInfo, ByteRange } from "@drayage/core";

import { contentLengthOf, hasContent, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import type { ReadOptions } from "./blob-reader.ts";
import { findForeignLayer } from "./foreign-layer.ts";

/** An answer that has a range of a blob in it, or the whole blob. */
export interface OpenedRange {
  /** The range that was asked for and no more, or all bytes of the blob. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly isWhole: boolean;
  /** Of the whole blob in bytes, as far as is known by now. */
  readonly size: number | undefined;
}

/**
 * Asks for a range of a blob of a repository or, where it is not there, of what its URLs lead to.
 * @throws ImageError `not-found`, `denied`, `unavailable`; `digest-mismatch` for the range of something else
 */
export async function openRange(
  repository: Repository,
  blob: BlobInfo,
  range: ByteRange,
  options: ReadOptions,
): Promise<OpenedRange> {
  const { digest, urls = [] } = blob;
  const isAll = range.start === 0 && range.end === undefined;
  const headers: Readonly<Record<string, string>> = isAll
    ? {}
    : { range: `bytes=${range.start}-${range.end ?? ""}` };
  const request = { method: "GET", target: `blobs/${digest}`, action: "pull", headers } as const;
  const answer = await repository.request({ ...options, ...request });
  if (hasContent(answer)) return openedRange(answer, blob, range);
  const refusal = await readRefusal(answer);
  const foreign = await findForeignLayer(repository.registry, urls, { ...options, headers });
  if (foreign !== undefined) return openedRange(foreign, blob, range);
  const hasNoMore = refusal.status === 416 ? "digest-mismatch" : undefined;
  throw registryError(refusal, `read the blob ${digest} of ${repository.name}`, hasNoMore);
}

async function openedRange(
  response: HTTPResponse,
  { digest, size }: BlobInfo,
  range: ByteRange,
): Promise<OpenedRange> {
  const { bytes } = response;
  const isWhole = response.status === 200;
  const found = isWhole ? wholeSizeOf(response, size) : sizeAroundPart(response, size, range);
  if (typeof found !== "string") return { bytes, isWhole, size: found };
  await response.discard();
  throw new ImageError("digest-mismatch", `${response.url.host} sent ${found} of ${digest}`);
}

/** Words say what is wrong. */
function wholeSizeOf(
  response: HTTPResponse,
  size: number | undefined,
): number | undefined | string {
  const length = contentLengthOf(response);
  if (length === undefined || size === undefined || length === size) return size ?? length;
  return `${length} instead of the ${size} bytes`;
}

/** Words say what is wrong. */
function sizeAroundPart(
  response: HTTPResponse,
  size: number | undefined,
  { start, end = Infinity }: ByteRange,
): number | undefined | string {
  const header = headerOf(response, "content-range") ?? "no Content-Range";
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? [];
  const whole = total === "*" ? size : Number(total);
  const expectedLast = Math.min(end, whole === undefined ? Infinity : whole - 1);
  const isRight =
    Number(first) === start &&
    (expectedLast === Infinity || Number(last) === expectedLast) &&
    (size === undefined || whole === size);
  return isRight ? whole : `another part (${header})`;
}
