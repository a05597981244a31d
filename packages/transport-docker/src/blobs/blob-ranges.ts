import { ImageError } from "@drayage/core";
import type { BlobInfo, ByteRange } from "@drayage/core";
import type { OpenedRange, RangeSource, ReadRangeOptions } from "@drayage/transport-kit/wire";

import { contentLengthOf, hasContent, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { findForeignLayer } from "./foreign-layer.ts";

/** The ranges of a blob in a repository, or at its URLs if the repository does not have it. */
export function rangesOf(repository: Repository, blob: BlobInfo): RangeSource {
  return {
    operation: `read the blob ${blob.digest} of ${repository.name}`,
    size: blob.size,
    open: async (range, options) => openRange(repository, blob, range, options),
  };
}

/** @throws ImageError `not-found`, `denied`, `unavailable`; `digest-mismatch` for another range than requested */
async function openRange(
  repository: Repository,
  { digest, size, mediaType, urls = [] }: BlobInfo,
  range: ByteRange,
  options: ReadRangeOptions,
): Promise<OpenedRange> {
  const isWholeBlob = range.start === 0 && range.end === undefined;
  const headers: Readonly<Record<string, string>> = isWholeBlob
    ? {}
    : { range: `bytes=${range.start}-${range.end ?? ""}` };
  const request = { method: "GET", target: `blobs/${digest}`, action: "pull", headers } as const;
  const expected = { size, mediaType };
  const response = await repository.request({ ...options, ...request, expected });
  if (hasContent(response)) return openedRange(response, size, range);
  const errorResponse = await readErrorResponse(response);
  const foreign = await findForeignLayer(repository.registry, urls, {
    ...options,
    headers,
    expected,
  });
  if (foreign !== undefined) return openedRange(foreign, size, range);
  const code = errorResponse.status === 416 ? "digest-mismatch" : undefined;
  throw registryError(errorResponse, `read the blob ${digest} of ${repository.name}`, code);
}

async function openedRange(
  response: HTTPResponse,
  knownSize: number | undefined,
  { start, end = Infinity }: ByteRange,
): Promise<OpenedRange> {
  const { bytes } = response;
  if (response.status === 200) return { bytes, isWhole: true, size: contentLengthOf(response) };
  const header = headerOf(response, "content-range") ?? "no Content-Range";
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? [];
  const size = total === "*" ? knownSize : Number(total);
  const expectedLast = Math.min(end, size === undefined ? Infinity : size - 1);
  const isRequested =
    Number(first) === start && (expectedLast === Infinity || Number(last) === expectedLast);
  if (isRequested) return { bytes, isWhole: false, size };
  await response.discard();
  const message = `${response.url.host} returned another range (${header}) than the requested one from byte ${start}`;
  throw new ImageError("digest-mismatch", message);
}
