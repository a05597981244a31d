import { ImageError } from "./image-error.ts";

/** A stream of what is in memory already. */
export async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** The bytes from `start` on. */
export async function* skipped(
  bytes: AsyncIterable<Uint8Array>,
  start: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = start;
  for await (const chunk of bytes) {
    if (left < chunk.byteLength) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
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
