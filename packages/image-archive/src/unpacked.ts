import { decompressed } from "@drayage/core";
import type { Compression } from "@drayage/core";

/** Unpacked on the way, also from what Node does not know. What is damaged or cut off ends in an error of any kind. */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  switch (compression) {
    case "xz":
      yield* unpackedXZ(bytes);
      return;
    case "bzip2": {
      const { unpackedBzip2 } = await import("./bzip2.ts");
      yield* unpackedBzip2(bytes);
      return;
    }
    case "none":
    case "gzip":
    case "zstd":
      yield* decompressed(bytes, compression);
  }
}

async function* unpackedXZ(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { default: library } = await import("xz-decompress");
  const input: globalThis.ReadableStream<Uint8Array> = ReadableStream.from(bytes);
  yield* new library.XzReadableStream(input);
}
