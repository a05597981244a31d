import zlib from "node:zlib";

import { ImageError } from "../names/image-error.ts";
import { gzipped } from "./compression-gzip.ts";
import { requireLevel } from "./compression-settings.ts";
import type { CompressionSettings } from "./compression-settings.ts";
import { transformed } from "./compression-transform.ts";
import { zstdCompressed } from "./compression-zstd.ts";
import { limitedOutput } from "./decompression-limit.ts";
import type { Decompress, DecompressionLimits } from "./decompression-limit.ts";
import { splitAtFrames } from "./zstd-frames.ts";

/** A compression format, detected by magic bytes. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const magics: readonly { readonly compression: Compression; readonly bytes: readonly number[] }[] =
  [
    { compression: "gzip", bytes: [0x1f, 0x8b, 0x08] },
    { compression: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
    { compression: "bzip2", bytes: [0x42, 0x5a, 0x68] },
    { compression: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  ];

const maxMagicLength = 6;

/** Detects the compression from the first six bytes, or from all bytes if there are fewer. */
export function compressionOf(start: Uint8Array): Compression {
  const found = magics.find(({ bytes }) => bytes.every((byte, at) => start[at] === byte));
  return found?.compression ?? "none";
}

/** A stream and its compression. */
export interface DetectedCompression {
  readonly compression: Compression;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Closes the source. Required if `bytes` may not be read to the end. */
  close(): Promise<void>;
}

/** Detects the compression of a stream. Reads its first bytes immediately. `bytes` is the complete stream. */
export async function detectCompression(
  bytes: AsyncIterable<Uint8Array>,
): Promise<DetectedCompression> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array(0);
  let isEnded = false;
  while (start.byteLength < maxMagicLength && !isEnded) {
    const next = await iterator.next();
    isEnded = next.done === true;
    // A copy: the chunk's buffer may be reused.
    if (!next.done) start = Buffer.concat([start, next.value]);
  }
  return {
    compression: compressionOf(start),
    bytes: prepended(start, iterator),
    close: async () => void (await iterator.return?.()),
  };
}

async function* prepended(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (start.byteLength > 0) yield start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/**
 * Compresses a stream. The same bytes always compress to the same result.
 * @throws ImageError `impossible-copy` for a level that the format does not have
 */
export function compressed(
  bytes: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd" | CompressionSettings,
): AsyncIterable<Uint8Array> {
  const settings = typeof compression === "string" ? { format: compression } : compression;
  requireLevel(settings);
  return settings.format === "gzip"
    ? gzipped(bytes, settings.level)
    : zstdCompressed(bytes, settings);
}

/** With Node's default of 16 KiB, decompressing a layer takes twice the processor time. */
const chunkSize = 1 << 18;

/** Limits the window of a zstd frame to 128 MiB, like the `zstd` program. */
const zstdParameters = { [zlib.constants.ZSTD_d_windowLogMax]: 27 };

/** Options for decompressing a stream. */
export interface DecompressionOptions extends DecompressionLimits {
  /** Decompresses bzip2 and xz, which Node cannot. Default: these formats are rejected. */
  readonly decompress?: Decompress<Compression> | undefined;
}

/**
 * Decompresses a stream. Reads the source to its end, even if other data follows.
 * @throws ImageError `unsupported` for a format that is not supported, other data at the end, or output beyond the limit;
 * `invalid-manifest` for damaged or truncated data
 */
export function decompressed(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  { decompress = rejectFormat, ...limits }: DecompressionOptions = {},
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return bytes;
    case "gzip":
    case "zstd":
      return limitedOutput(bytes, compression, decompressedByNode, limits);
    case "bzip2":
    case "xz":
      return limitedOutput(bytes, compression, decompress, limits);
  }
}

function decompressedByNode(
  bytes: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd",
): AsyncIterable<Uint8Array> {
  return compression === "gzip"
    ? transformed(bytes, zlib.createGunzip({ chunkSize }))
    : transformed(
        splitAtFrames(bytes),
        zlib.createZstdDecompress({ chunkSize, params: zstdParameters }),
      );
}

function rejectFormat(_: AsyncIterable<Uint8Array>, compression: Compression): never {
  throw new ImageError(
    "unsupported",
    `A layer is compressed with ${compression}, which Node cannot decompress; pass \`decompressedBytes\` of @drayage/image-archive as \`decompress\``,
  );
}
