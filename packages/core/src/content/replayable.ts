import type { BlobBody } from "../contract/image-destination.ts";

/** A body that can be read again; without `replay` the bytes themselves. */
export function replayable(
  bytes: AsyncIterable<Uint8Array>,
  replay: BlobBody["replay"] | undefined,
): BlobBody {
  if (replay === undefined) return bytes;
  return { [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](), replay };
}
