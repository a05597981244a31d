import "../supported-node.ts";

export { compressed, compressionOf, decompressed, sniffed } from "../compression/compression.ts";
export type {
  Compression,
  DecompressionOptions,
  SniffedBytes,
} from "../compression/compression.ts";
export type {
  Decompress,
  DecompressionLimits,
  DecompressionTotal,
} from "../compression/decompression-limit.ts";
export { gathered, gatheredStart, inOne, manifestSizeLimit, ranged } from "./byte-stream.ts";
export { checkDigest, verified } from "./verified-blob.ts";
export type { ExpectedBytes } from "./verified-blob.ts";
