import zlib from "node:zlib";

import { ImageError } from "../names/image-error.ts";
import { gzipped } from "./compression-gzip.ts";
import { through } from "./compression-transform.ts";
import { zstandardPacked } from "./compression-zstd.ts";
import { limitedOutput } from "./decompression-limit.ts";
import type { Decompress, DecompressionLimits } from "./decompression-limit.ts";
import { cutAtFrames } from "./zstd-frames.ts";

/** How bytes are packed, as their first bytes tell. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const magics: readonly { readonly compression: Compression; readonly bytes: readonly number[] }[] =
  [
    { compression: "gzip", bytes: [0x1f, 0x8b, 0x08] },
    { compression: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
    { compression: "bzip2", bytes: [0x42, 0x5a, 0x68] },
    { compression: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  ];

const longestMagic = 6;

/** Needs the first six bytes, or all where there are fewer. */
export function compressionOf(start: Uint8Array): Compression {
  const found = magics.find(({ bytes }) => bytes.every((byte, at) => start[at] === byte));
  return found?.compression ?? "none";
}

/** A stream whose beginning was looked at. */
export interface DetectedCompression {
  readonly compression: Compression;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** To be called in the end: a stream that nobody read closes with nothing else. */
  close(): Promise<void>;
}

/** The same bytes, and how they are packed. The first chunk is read at once. */
export async function detectCompression(
  bytes: AsyncIterable<Uint8Array>,
): Promise<DetectedCompression> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (start.byteLength < longestMagic && !ended) {
    const next = await iterator.next();
    ended = next.done === true;
    // A copy: the chunk's buffer may be reused.
    if (!next.done) start = Buffer.concat([start, next.value]);
  }
  return {
    compression: compressionOf(start),
    bytes: rejoined(start, iterator),
    close: async () => void (await iterator.return?.()),
  };
}

async function* rejoined(
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

/** Packed on the way, on as many threads as there are; the same bytes always come out the same. */
export function compressed(
  bytes: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd",
): AsyncIterable<Uint8Array> {
  return compression === "gzip" ? gzipped(bytes) : zstandardPacked(bytes);
}

/** With the 16 KiB that are usual in Node, decompressing a layer takes twice the processor time. */
const chunkSize = 1 << 18;

/** The largest window that a zstd frame may ask memory for: 128 MiB, as the `zstd` program has it. */
const params = { [zlib.constants.ZSTD_d_windowLogMax]: 27 };

/** How a stream is decompressed. */
export interface DecompressionOptions extends DecompressionLimits {
  /** Decompresses what Node cannot: bzip2 and xz. Default: they are refused. */
  readonly decompress?: Decompress<Compression> | undefined;
}

/**
 * Decompressed on the way; read to the end, whatever follows the compressed data.
 * @throws ImageError `unsupported` for what cannot be decompressed here, or not whole, and where more comes out than is allowed; `invalid-manifest` where it is damaged or cut off
 */
export function decompressed(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  { decompress = refuse, ...limits }: DecompressionOptions = {},
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
    ? through(bytes, zlib.createGunzip({ chunkSize }))
    : through(cutAtFrames(bytes), zlib.createZstdDecompress({ chunkSize, params }));
}

function refuse(_: AsyncIterable<Uint8Array>, compression: Compression): never {
  throw new ImageError(
    "unsupported",
    `A layer is compressed with ${compression}, which Node cannot decompress; pass \`decompressedBytes\` of @drayage/image-archive as \`decompress\``,
  );
}
