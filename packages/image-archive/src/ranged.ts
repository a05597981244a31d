import type { ByteRange } from "@drayage/core";

/** A part of what can only be read from its beginning. */
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
