import type { BlobFact } from "../contract/blob-info-cache.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { scopeOf } from "./blob-scope.ts";
import type { MovedBlob } from "./moved-blob.ts";

/** What the blobs of a copy tell about copies to come. */
export function learntFacts(
  moved: readonly MovedBlob[],
  source: ImageSource,
  destination: ImageDestination,
): readonly BlobFact[] {
  return moved.flatMap((blob) => [
    ...packing(blob),
    ...sighting(blob.from, source),
    ...sighting(blob.stored, destination),
  ]);
}

/** Both digests are of bytes that went through this process. */
function packing({ from, stored, packedBefore, packedAs }: MovedBlob): readonly BlobFact[] {
  if (packedBefore === "none" && packedAs !== undefined && packedAs !== "none")
    return [packedFact(from, stored, packedAs)];
  const wasPacked = packedBefore === "gzip" || packedBefore === "zstd";
  return wasPacked && packedAs === "none" ? [packedFact(stored, from, packedBefore)] : [];
}

function packedFact(
  unpacked: Descriptor,
  { digest, size }: Descriptor,
  compression: "gzip" | "zstd",
): BlobFact {
  return { kind: "compressed", digest: unpacked.digest, form: { digest, size, compression } };
}

function sighting(
  blob: Descriptor,
  side: Pick<ImageSource, "locateBlob"> | Pick<ImageDestination, "locateBlob">,
): readonly BlobFact[] {
  const location = side.locateBlob?.(blob);
  const scope = scopeOf(location);
  if (location === undefined || scope === undefined) return [];
  return [{ kind: "location", digest: blob.digest, scope, path: location.path }];
}
