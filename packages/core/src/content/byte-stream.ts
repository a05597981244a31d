import type { ByteRange } from "../contract/byte-range.ts";
import { ImageError } from "../names/image-error.ts";

/** A stream of what is in memory already. */
export async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** A part of what can only be read from its beginning; it is read no further than that part. */
export async function* ranged(
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

/** Everything as one array, for what is small by its nature. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function gathered(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const whole = await gatheredStart(bytes, limit + 1);
  if (whole.byteLength <= limit) return whole;
  throw new ImageError("invalid-manifest", `Larger than the ${limit} bytes that are allowed here`);
}

/**
 * The first bytes as one array; what follows `length` bytes is not read. Time and memory depend on the number of bytes,
 * not on the size of the chunks.
 */
export async function gatheredStart(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<Uint8Array> {
  let memory: Uint8Array = new Uint8Array(0);
  let size = 0;
  for await (const chunk of bytes) {
    const wanted = chunk.subarray(0, length - size);
    if (size === 0) {
      memory = wanted;
    } else if (wanted.byteLength > 0) {
      if (memory.byteLength < size + wanted.byteLength) {
        memory = enlarged(memory.subarray(0, size), size + wanted.byteLength);
      }
      memory.set(wanted, size);
    }
    size += wanted.byteLength;
    if (size >= length) break;
  }
  return memory.subarray(0, size);
}

/** Into memory of its own, with room for as much again. */
function enlarged(bytes: Uint8Array, atLeast: number): Uint8Array {
  const larger = new Uint8Array(Math.max(atLeast * 2, 1 << 10));
  larger.set(bytes);
  return larger;
}

/** The most that a manifest, an index or a config may have: 4 MiB. */
export const manifestSizeLimit: number = 4 * 1024 * 1024;
