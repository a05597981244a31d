import { ImageError } from "@drayage/core";
import type { BlobInfo, GetBlobOptions } from "@drayage/core";
import { readRange } from "@drayage/transport-kit/wire";

import type { Repository } from "../registry/repository.ts";
import { rangesOf } from "./blob-ranges.ts";

/** A blob of a repository or, where it is not there, from where its URLs lead. @throws ImageError `not-found`, … */
export function downloadBlob(
  repository: Repository,
  { digest, ...blob }: BlobInfo,
  { range = { start: 0 }, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (digest === undefined) throw new ImageError("not-found", "A blob is read by its digest");
  const { parallelRanges, origin } = repository.registry;
  const source = rangesOf(repository, { ...blob, digest });
  const end = Math.min(range.end ?? Infinity, (blob.size ?? 0) - 1);
  return parallelRanges.isFor(end + 1 - range.start, origin)
    ? parallelRanges.read(source, range, options)
    : readRange(source, range, options);
}
