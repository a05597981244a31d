import { ImageError } from "@drayage/core";

/** The error for a layer that a table of contents cannot describe. */
export function unsupportedLayer(why: string): ImageError {
  return new ImageError(
    "unsupported",
    `A layer cannot be compressed with a table of contents: ${why}; compress the layers with zstd or gzip`,
  );
}
