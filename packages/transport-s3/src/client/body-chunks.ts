import { Readable } from "node:stream";

/** Bytes. */
const chunkSize = 1 << 18;

/** Splits a body into chunks to send. TLS encrypts each chunk at once, into a buffer of the same size. */
export function inChunks(body: Uint8Array): Uint8Array | Readable {
  return body.byteLength > chunkSize ? Readable.from(chunksOf(body)) : body;
}

function* chunksOf(body: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < body.byteLength; start += chunkSize)
    yield body.subarray(start, start + chunkSize);
}
