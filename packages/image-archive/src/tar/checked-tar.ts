import { blockSize, isEmptyBlock, parseTarHeader } from "./tar-header.ts";

/** The same bytes, and an error in the beginning of what is no tar file, empty or not. @throws ImageError `invalid-manifest` */
export async function* checkedTar(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of bytes) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.byteLength < blockSize) continue;
    check(start, place);
    yield start;
    start = undefined;
  }
  if (start !== undefined) check(start, place);
}

function check(start: Uint8Array, place: string): void {
  const block = start.subarray(0, blockSize);
  if (!isEmptyBlock(block)) parseTarHeader(block, place, 0);
}
