import { ImageError } from "@drayage/core";
import type { Compression } from "@drayage/core/content";

/** The error for a tar file that is damaged, truncated or invalid. */
export function brokenArchive(location: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid archive ${location}: ${why}`, { cause });
}

/** The error for an archive that was truncated while it was read. */
export function truncatedWhileRead(location: string): ImageError {
  return brokenArchive(
    location,
    "it became shorter while it was read; copy again when nothing writes to it",
  );
}

/** The error for an archive or a layer whose compressed data is damaged. */
export function cannotDecompress(
  location: string,
  compression: Compression,
  cause: unknown,
): ImageError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return brokenArchive(location, `its ${compression} data cannot be decompressed: ${why}`, cause);
}
