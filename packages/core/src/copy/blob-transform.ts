import type { CompressionSettings } from "../compression/compression-settings.ts";
import type { LayerCompressor } from "../compression/layer-compressor.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";

/** How a blob is changed, as plain data. */
export type BlobTransform =
  | { readonly kind: "preserve" }
  | LayerTransform
  /** Converts the config of a Docker image for an OCI manifest. */
  | { readonly kind: "oci-config" };

/** Changes a layer, in the order of the fields. */
export interface LayerTransform {
  readonly kind: "layer";
  /** True to decrypt it. Default false. */
  readonly decrypt?: boolean | undefined;
  /** Default: the compression is preserved. */
  readonly compression?: CompressionChange | undefined;
  /** True to encrypt it. Default false. */
  readonly encrypt?: boolean | undefined;
}

/** How the compression of a layer changes. The first bytes of a layer show its compression, not its media type. */
export type CompressionChange =
  /** Compresses an uncompressed layer, and preserves any other. */
  | ({ readonly kind: "compress" } & CompressionSettings)
  | RecompressionChange
  | { readonly kind: "decompress" };

/** Compresses a layer that is uncompressed or has another compression. */
export interface RecompressionChange extends CompressionSettings {
  readonly kind: "recompress";
  /** Compresses layers without its annotation with this compressor, whose base format is `format`. Default: none. */
  readonly compressor?: Pick<LayerCompressor, "name" | "annotation"> | undefined;
  /** Whether a compressed layer that the destination has keeps its compression. Default false. */
  readonly keepsReused?: boolean | undefined;
}

/** The transform of a blob that does not change. */
export const preserve: BlobTransform = { kind: "preserve" };

/** The compression that a layer has after a transform; undefined if it is preserved or only the bytes can show it. */
export function resultingCompression(transform: BlobTransform): LayerCompression | undefined {
  const change = compressionChange(transform);
  switch (change?.kind) {
    case undefined:
    case "compress":
      return undefined;
    case "recompress":
      return change.format;
    case "decompress":
      return "none";
  }
}

/** `zstd at level 19`. */
export function describeRecompression({
  format,
  level,
  compressor,
}: Pick<RecompressionChange, "format" | "level" | "compressor">): string {
  return `${compressor?.name ?? format}${level === undefined ? "" : ` at level ${level}`}`;
}

/** The change of the compression in a transform; undefined if it is preserved. */
export function compressionChange(transform: BlobTransform): CompressionChange | undefined {
  return transform.kind === "layer" ? transform.compression : undefined;
}
