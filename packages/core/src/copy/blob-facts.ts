import type { BlobFact, UsedCompressor } from "../contract/blob-info-cache.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { BlobResult } from "./blob-result.ts";
import { scopeOf } from "./blob-scope.ts";

/** The facts that a copy adds to the cache. Layers that were decrypted or encrypted leave no trace in it. */
export function blobFacts(
  results: readonly BlobResult[],
  source: ImageSource,
  destination: ImageDestination,
): readonly BlobFact[] {
  return results
    .filter(({ encryption }) => encryption === undefined)
    .flatMap((blob) => [
      ...compressionFacts(blob),
      ...diffIDFacts(blob),
      ...locationFacts(blob.from, source),
      ...locationFacts(blob.stored, destination),
    ]);
}

/** Which blob is a compressed form of another. This process has computed both digests. */
function compressionFacts({
  from,
  stored,
  sourceCompression,
  compression,
  compressor,
}: BlobResult): readonly BlobFact[] {
  if (sourceCompression === "none" && compression !== undefined && compression !== "none")
    return [compressionFact(from, stored, compression, compressor)];
  const wasCompressed = sourceCompression === "gzip" || sourceCompression === "zstd";
  return wasCompressed && compression === "none"
    ? [compressionFact(stored, from, sourceCompression)]
    : [];
}

/** What the copy computed to convert schema 1. */
function diffIDFacts({ from, diffID }: BlobResult): readonly BlobFact[] {
  if (diffID?.compression !== "gzip" && diffID?.compression !== "zstd") return [];
  return [compressionFact(diffID, from, diffID.compression)];
}

function compressionFact(
  uncompressed: Pick<Descriptor, "digest">,
  { digest, size }: Descriptor,
  compression: "gzip" | "zstd",
  compressor?: UsedCompressor,
): BlobFact {
  const form = { digest, size, compression, ...(compressor && { compressor }) };
  return { kind: "compressed", digest: uncompressed.digest, form };
}

function locationFacts(
  blob: Descriptor,
  side: Pick<ImageSource, "locateBlob"> | Pick<ImageDestination, "locateBlob">,
): readonly BlobFact[] {
  const location = side.locateBlob?.(blob);
  const scope = scopeOf(location);
  if (location === undefined || scope === undefined) return [];
  return [{ kind: "location", digest: blob.digest, scope, path: location.path }];
}
