import { ImageError } from "@drayage/core";
import type { BlobInfo, GetBlobOptions } from "@drayage/core";

import type { Repository } from "../repository.ts";
import { BlobReader } from "./blob-reader.ts";
import type { ReadOptions } from "./blob-reader.ts";

/** A blob of a repository or, where it is not there, from where its URLs lead. @throws ImageError `not-found`, … */
export function downloadBlob(
  repository: Repository,
  { digest, ...blob }: BlobInfo,
  { range = { start: 0 }, ...options }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (digest === undefined) throw new ImageError("not-found", "A blob is read by its digest");
  const { parallelRanges, origin } = repository.registry;
  const { start } = range;
  const end = Math.min(range.end ?? Infinity, (blob.size ?? 0) - 1);
  const readerWith = (given: ReadOptions): BlobReader =>
    new BlobReader(repository, { ...blob, digest }, given);
  if (!parallelRanges.isFor(end + 1 - start, origin)) return readerWith(options).read(range);
  // What is read ahead is kept until it is wanted.
  const kept = { ...options, lentChunks: false };
  return parallelRanges.read(
    { start, end },
    (signal) => readerWith({ ...kept, signal }),
    options.signal,
  );
}
