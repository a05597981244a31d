import { ImageError } from "./image-error.ts";
import type { ByteRange } from "./image-source.ts";

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
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > limit) {
      throw new ImageError(
        "invalid-manifest",
        `Larger than the ${limit} bytes that are allowed here`,
      );
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The most that a manifest, an index or a config may have: 4 MiB. */
export const manifestSizeLimit: number = 4 * 1024 * 1024;
