import { Readable } from "node:stream";

/** Bytes. */
const pieceSize = 1 << 18;

/** A body to be sent piece by piece: TLS encrypts at once whatever it is given at once, into as much memory again. */
export function inPieces(body: Uint8Array): Uint8Array | Readable {
  return body.byteLength > pieceSize ? Readable.from(piecesOf(body)) : body;
}

function* piecesOf(body: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < body.byteLength; at += pieceSize) yield body.subarray(at, at + pieceSize);
}
