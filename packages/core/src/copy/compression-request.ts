import type { ZstdFrames } from "../compression/compression-settings.ts";

/** The requested compression of layers. */
export interface CompressionRequest {
  /**
   * `gzip`, `zstd`, the name of one of the `compressors`, or `none` to decompress layers. Default: uncompressed layers are
   * compressed with gzip, and others are preserved.
   */
  readonly format?: string | undefined;
  /** 1 to 9 for gzip, 1 to 20 for zstd. Default: the default of the format. */
  readonly level?: number | undefined;
  /** Default `one`. */
  readonly zstdFrames?: ZstdFrames | undefined;
  /**
   * Compress every layer in the format. Default false: a layer that the destination already has keeps its compression, and
   * so do all layers if the manifest must not change or the destination does not compress layers.
   */
  readonly force?: boolean | undefined;
}

/** A compression in which each platform of an index must have an instance. */
export interface CompressionVariant {
  /** `gzip`, `zstd`, or the name of one of the `compressors`. */
  readonly format: string;
  /** 1 to 9 for gzip, 1 to 20 for zstd. Default: the default of the format. */
  readonly level?: number | undefined;
  /** Default `one`. */
  readonly zstdFrames?: ZstdFrames | undefined;
}
