import { ImageError } from "@drayage/core";

/** For a tar file that is damaged, cut off, or not what it has to be. */
export function brokenArchive(place: string, why: string, cause?: unknown): ImageError {
  return new ImageError("invalid-manifest", `Invalid archive ${place}: ${why}`, { cause });
}
