import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

import { gathered } from "../byte-stream.ts";
import type { GetBlobOptions } from "../image-source.ts";
import type { OperationOptions } from "../operation-options.ts";
import { hasCode, onDisk } from "./file-error.ts";

/** Large enough to be fast, small enough that six files at once take little memory. */
const chunkSize = 1 << 17;

/** A file, or a range of it, in chunks, each read while the one before is used. Opened on the first pull, closed on the way out. */
export async function* fileBytes(
  file: string,
  options: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal?.throwIfAborted();
  await using handle = await onDisk(file, () => open(file));
  yield* handleBytes(handle, options);
}

/** The same of a file that is open already and stays open. */
export async function* handleBytes(
  handle: FileHandle,
  { range, lentChunks = false, signal }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const { size } = await handle.stat();
  const end = Math.min(size, (range?.end ?? Infinity) + 1);
  let at = range?.start ?? 0;
  const room = lentChunks ? alternating(Math.min(chunkSize, end - at)) : newRoom;
  let next = readChunk(handle, at, end, room);
  for (;;) {
    const chunk = await next;
    signal?.throwIfAborted();
    if (chunk.byteLength === 0) return;
    at += chunk.byteLength;
    next = readChunk(handle, at, end, room);
    // Whoever leaves now never learns how the next read ends.
    next.catch(() => {});
    yield chunk;
  }
}

async function readChunk(
  handle: FileHandle,
  at: number,
  end: number,
  room: (size: number) => Uint8Array,
): Promise<Uint8Array> {
  if (at >= end) return new Uint8Array(0);
  const size = Math.min(chunkSize, end - at);
  const chunk = room(size);
  const { bytesRead } = await handle.read(chunk, 0, size, at);
  return chunk.subarray(0, bytesRead);
}

function newRoom(size: number): Uint8Array {
  return Buffer.allocUnsafeSlow(size);
}

/** One is lent while the other is filled. */
function alternating(size: number): () => Uint8Array {
  let lent = newRoom(Math.max(size, 0));
  let filled = newRoom(Math.max(size, 0));
  return () => {
    [lent, filled] = [filled, lent];
    return lent;
  };
}

/** A small file as a whole; undefined where there is none. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function readSmallFile(
  file: string,
  limit: number,
  options: OperationOptions = {},
): Promise<Uint8Array | undefined> {
  try {
    return await gathered(fileBytes(file, options), limit);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
