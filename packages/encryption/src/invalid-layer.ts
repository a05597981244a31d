import { ImageError } from "@drayage/core";

/** The error for a malformed part of an encrypted layer's annotations. */
export function invalidLayer(what: string, why: string, cause?: unknown): ImageError {
  return new ImageError(
    "invalid-manifest",
    `Invalid ${what}: ${why}; encrypt the image again`,
    cause === undefined ? {} : { cause },
  );
}
