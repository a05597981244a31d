import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { BlobResult } from "./blob-result.ts";
import type { BlobStep } from "./copy-plan.ts";

/** Lets the destination reuse a blob that it has or can copy itself. Returns undefined if it cannot. */
export async function reuseBlob(
  { blob: from, candidates }: BlobStep,
  source: ImageSource,
  destination: ImageDestination,
  options: OperationOptions,
): Promise<BlobResult | undefined> {
  for (const candidate of candidates) {
    const { blob, compression, compressor, onlyIfPresent = false } = candidate;
    const sourceLocation =
      compression === undefined && !onlyIfPresent ? source.locateBlob?.(blob) : undefined;
    const location = candidate.location ?? sourceLocation;
    const reused = await destination.tryReusingBlob(blob, { ...options, location });
    if (reused === undefined) continue;
    const { digest = blob.digest, size = blob.size, cloned = false } = reused;
    return {
      from,
      outcome: "reused",
      cloned,
      stored: { ...blob, digest, size },
      compression,
      ...(compressor && { compressor }),
    };
  }
  return undefined;
}
