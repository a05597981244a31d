import { blockSize, isEmptyBlock, parseTarHeader } from "./tar-header.ts";

/**
 * Passes the bytes through, and throws before the first chunk if they are not a tar file. @throws ImageError
 * `invalid-manifest`
 */
export async function* checkedTar(
  bytes: AsyncIterable<Uint8Array>,
  location: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of bytes) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.byteLength < blockSize) continue;
    check(start, location);
    yield start;
    start = undefined;
  }
  if (start !== undefined) check(start, location);
}

function check(start: Uint8Array, location: string): void {
  const block = start.subarray(0, blockSize);
  if (!isEmptyBlock(block)) parseTarHeader(block, location, 0);
}
