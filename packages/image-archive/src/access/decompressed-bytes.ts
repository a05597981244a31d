import { decompressed } from "@drayage/core/content";
import type { Compression } from "@drayage/core/content";

/**
 * Decompresses a stream, including xz and bzip2, which Node does not support: the `decompress` option of a copy.
 * Throws an error of any type, with a displayable message, for a damaged or truncated stream and for a decompression
 * bomb.
 */
export async function* decompressedBytes(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* decompressed(bytes, compression, { decompress: decompressedXZOrBzip2 });
}

async function* decompressedXZOrBzip2(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compression === "xz") yield* decompressedXZ(bytes);
  else {
    const { decompressedBzip2 } = await import("../bzip2/bzip2.ts");
    yield* decompressedBzip2(bytes);
  }
}

async function* decompressedXZ(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { default: library } = await import("xz-decompress");
  const iterator = bytes[Symbol.asyncIterator]();
  const input: globalThis.ReadableStream<Uint8Array> = ReadableStream.from({
    [Symbol.asyncIterator]: () => iterator,
  });
  try {
    yield* new library.XzReadableStream(input);
  } finally {
    // The library does not close its input on an error.
    await iterator.return?.();
  }
}
