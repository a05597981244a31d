import { ImageError } from "@drayage/core";
import type { BlobInfo, ByteRange } from "@drayage/core";
import type { OpenedRange, RangeSource, ReadRangeOptions } from "@drayage/transport-kit/wire";

import { contentLengthOf, hasContent, headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readRefusal, registryError } from "../http/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { findForeignLayer } from "./foreign-layer.ts";

/** A blob of a repository or, where it is not there, of what its URLs lead to, by ranges. */
export function rangesOf(repository: Repository, blob: BlobInfo): RangeSource {
  return {
    operation: `read the blob ${blob.digest} of ${repository.name}`,
    size: blob.size,
    open: async (range, options) => openRange(repository, blob, range, options),
  };
}

/** @throws ImageError `not-found`, `denied`, `unavailable`; `digest-mismatch` for the range of something else */
async function openRange(
  repository: Repository,
  { digest, size, mediaType, urls = [] }: BlobInfo,
  range: ByteRange,
  options: ReadRangeOptions,
): Promise<OpenedRange> {
  const isAll = range.start === 0 && range.end === undefined;
  const headers: Readonly<Record<string, string>> = isAll
    ? {}
    : { range: `bytes=${range.start}-${range.end ?? ""}` };
  const request = { method: "GET", target: `blobs/${digest}`, action: "pull", headers } as const;
  const expected = { size, mediaType };
  const answer = await repository.request({ ...options, ...request, expected });
  if (hasContent(answer)) return openedRange(answer, size, range);
  const refusal = await readRefusal(answer);
  const foreign = await findForeignLayer(repository.registry, urls, {
    ...options,
    headers,
    expected,
  });
  if (foreign !== undefined) return openedRange(foreign, size, range);
  const hasNoMore = refusal.status === 416 ? "digest-mismatch" : undefined;
  throw registryError(refusal, `read the blob ${digest} of ${repository.name}`, hasNoMore);
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
  const isRight =
    Number(first) === start && (expectedLast === Infinity || Number(last) === expectedLast);
  if (isRight) return { bytes, isWhole: false, size };
  await response.discard();
  const message = `${response.url.host} sent another part (${header}) than that from ${start} on`;
  throw new ImageError("digest-mismatch", message);
}
