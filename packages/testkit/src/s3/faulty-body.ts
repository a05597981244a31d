/** Ends in an error after so many bytes, as a connection does that breaks. */
export async function* bodyWithin(
  body: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = most;
  if (left > 0) {
    for await (const chunk of body) {
      const part = chunk.subarray(0, left);
      left -= part.byteLength;
      yield part;
      if (left === 0) break;
    }
  }
  throw new Error("The connection broke, as a test had planned");
}

/** The lowest bit of the byte at this position is another one. */
export async function* flippedAt(
  body: AsyncIterable<Uint8Array>,
  at: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = at;
  for await (const chunk of body) {
    const isHere = left >= 0 && left < chunk.byteLength;
    yield isHere ? chunk.map((byte, index) => (index === left ? byte ^ 1 : byte)) : chunk;
    left -= chunk.byteLength;
  }
}
