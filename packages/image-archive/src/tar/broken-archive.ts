import { ImageError } from "@drayage/core";
import type { Compression } from "@drayage/core";

/** For a tar file that is damaged, cut off, or not what it has to be. */
export function brokenArchive(place: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid archive ${place}: ${why}`, { cause });
}

/** For one that somebody wrote to. */
export function becameShorter(place: string): ImageError {
  return brokenArchive(place, "it became shorter while it was read");
}

/** For one, or for a layer in it, of which the packing is damaged. */
export function cannotUnpack(place: string, compression: Compression, cause: unknown): ImageError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return brokenArchive(
    place,
    `it is packed with ${compression} and cannot be unpacked: ${why}`,
    cause,
  );
}
