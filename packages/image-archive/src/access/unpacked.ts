import { decompressed } from "@drayage/core";
import type { Compression } from "@drayage/core";

/**
 * Decompressed on the way, also from what Node does not know: `decompress` of a copy. What is damaged, cut off, or made
 * to fill disks ends in an error of any kind, in words that may be shown to people.
 */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* decompressed(bytes, compression, { decompress: unpackedHere });
}

async function* unpackedHere(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compression === "xz") yield* unpackedXZ(bytes);
  else {
    const { unpackedBzip2 } = await import("../bzip2/bzip2.ts");
    yield* unpackedBzip2(bytes);
  }
}

async function* unpackedXZ(
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
    // The library leaves it open where it fails.
    await iterator.return?.();
  }
}
