import { decompressed } from "@drayage/core";
import type { Compression } from "@drayage/core";

/** What may come out of anything, and how many times its size may come out of what is large: images have 2 to 20. */
const alwaysAllowed = 1 << 30;
const mostTimes = 200;

/**
 * Unpacked on the way, also from what Node does not know. What is damaged, cut off, or made to fill disks ends in an error
 * of any kind, in words that may be shown to people.
 */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compression === "none") {
    yield* bytes;
    return;
  }
  let packedSize = 0;
  let size = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      packedSize += chunk.byteLength;
      yield chunk;
    }
  };
  for await (const chunk of inFull(counted(), compression)) {
    size += chunk.byteLength;
    if (size > Math.max(alwaysAllowed, packedSize * mostTimes)) throw tooMuch(compression);
    yield chunk;
  }
}

function tooMuch(compression: Compression): Error {
  return new Error(
    `more than ${mostTimes} times its size comes out of it, which no image has; if it is meant so, unpack it with ${compression} first`,
  );
}

async function* inFull(
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
