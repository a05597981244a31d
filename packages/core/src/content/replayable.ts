import type { BlobBody } from "../contract/image-destination.ts";

/** Adds `replay` to a stream; returns the stream unchanged if it is undefined. */
export function replayable(
  bytes: AsyncIterable<Uint8Array>,
  replay: BlobBody["replay"] | undefined,
): BlobBody {
  if (replay === undefined) return bytes;
  return { [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](), replay };
}
