import { ImageError } from "../names/image-error.ts";

/** How a stream is compressed. */
export interface CompressionSettings {
  readonly format: "gzip" | "zstd";
  /**
   * 1 to 9 for gzip, 1 to 20 for zstd. Default: a level between 4 and 6 of gzip, and level 3 of zstd. The default output of
   * gzip is the same everywhere; with a level, it depends on the version of Node.
   */
  readonly level?: number | undefined;
  /** Default `one`. gzip has no frames. */
  readonly zstdFrames?: ZstdFrames | undefined;
}

/**
 * The frames of a layer that is compressed with zstd. `one` is readable by decoders that stop after the first frame, and
 * uses one thread. `parallel` is a frame for each 4 MiB, compressed on several threads.
 */
export type ZstdFrames = "one" | "parallel";

/** The highest level of each format. */
const maxLevels = { gzip: 9, zstd: 20 } as const;

/** Rejects a level that the format does not have. @throws ImageError `impossible-copy` */
export function requireLevel({ format, level }: CompressionSettings): void {
  const isValid =
    level === undefined || (Number.isInteger(level) && level >= 1 && level <= maxLevels[format]);
  if (isValid) return;
  throw new ImageError(
    "impossible-copy",
    `The compression level ${level} does not exist for ${format}; use a level from 1 to ${maxLevels[format]}`,
  );
}
