import { ImageError } from "@drayage/core";
import type { BlobInfo, GetBlobOptions } from "@drayage/core";
import { readRange } from "@drayage/transport-kit/wire";

import type { Repository } from "../registry/repository.ts";
import { rangesOf } from "./blob-ranges.ts";

/** Reads a blob from a repository, or from its URLs if the repository does not have it. @throws ImageError `not-found`, … */
export function downloadBlob(
  repository: Repository,
  { digest, ...blob }: BlobInfo,
  { range = { start: 0 }, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (digest === undefined)
    throw new ImageError("not-found", "The blob has no digest; registries store blobs by digest");
  const { parallelRanges, origin } = repository.registry;
  const source = rangesOf(repository, { ...blob, digest });
  const end = Math.min(range.end ?? Infinity, (blob.size ?? 0) - 1);
  return parallelRanges.appliesTo(end + 1 - range.start, origin)
    ? parallelRanges.read(source, range, options)
    : readRange(source, range, options);
}
