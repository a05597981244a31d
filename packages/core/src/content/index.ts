import "../supported-node.ts";

export {
  compressed,
  compressionOf,
  decompressed,
  detectCompression,
} from "../compression/compression.ts";
export type {
  Compression,
  DecompressionOptions,
  DetectedCompression,
} from "../compression/compression.ts";
export type {
  Decompress,
  DecompressionLimits,
  DecompressionTotal,
} from "../compression/decompression-limit.ts";
export type { CompressionSettings, ZstdFrames } from "../compression/compression-settings.ts";
export { readAll, readStart, streamOf, maxManifestSize, sliced } from "./byte-stream.ts";
export { checkDigest, verified } from "./verified-blob.ts";
export type { ExpectedBytes } from "./verified-blob.ts";
