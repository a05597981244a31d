import type { ByteRange } from "../contract/byte-range.ts";
import { ImageError } from "../names/image-error.ts";

/** A stream of one chunk. */
export async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** The bytes of a range. Skips the bytes before it, and stops reading after it. Default: all bytes. */
export async function* sliced(
  bytes: AsyncIterable<Uint8Array>,
  { start, end = Infinity }: ByteRange = { start: 0 },
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const chunk of bytes) {
    const part = chunk.subarray(Math.max(start - at, 0), Math.max(end + 1 - at, 0));
    at += chunk.byteLength;
    if (part.byteLength > 0) yield part;
    if (at > end) return;
  }
}

/** Reads a whole stream into one array. @throws ImageError `invalid-manifest` if it has more than `limit` bytes */
export async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const whole = await readStart(bytes, limit + 1);
  if (whole.byteLength <= limit) return whole;
  throw new ImageError("invalid-manifest", `Larger than the limit of ${limit} bytes`);
}

/**
 * Reads at most the first `length` bytes into one array, and stops there. Time and memory are linear in the number of
 * bytes, whatever the size of the chunks.
 */
export async function readStart(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<Uint8Array> {
  let buffer: Uint8Array = new Uint8Array(0);
  let size = 0;
  for await (const chunk of bytes) {
    const part = chunk.subarray(0, length - size);
    if (size === 0) {
      buffer = part;
    } else if (part.byteLength > 0) {
      if (buffer.byteLength < size + part.byteLength) {
        buffer = enlarged(buffer.subarray(0, size), size + part.byteLength);
      }
      buffer.set(part, size);
    }
    size += part.byteLength;
    if (size >= length) break;
  }
  return buffer.subarray(0, size);
}

/** A copy in a buffer of twice the required size, so that growing is amortised. */
function enlarged(bytes: Uint8Array, minSize: number): Uint8Array {
  const larger = new Uint8Array(Math.max(minSize * 2, 1 << 10));
  larger.set(bytes);
  return larger;
}

/** The maximum size of a manifest, an index or a config: 4 MiB. */
export const maxManifestSize: number = 4 * 1024 * 1024;
