import type { FileHandle } from "node:fs/promises";

import { ImageError, isImageError } from "@drayage/core";
import type { GetBlobOptions, OperationOptions } from "@drayage/core";
import { readAll } from "@drayage/core/content";

import { hasCode, withFileErrors } from "./file-error.ts";
import { openRegularFile } from "./regular-file.ts";
import type { OpenRegularOptions } from "./regular-file.ts";

/** Large enough to be fast, small enough that six files at once take little memory. */
const chunkSize = 1 << 17;

/**
 * The bytes of a regular file, or of a range of it, in chunks; each is read while the previous one is used. Opened on
 * the first pull, closed at the end. @throws ImageError `unsupported` for anything but a regular file
 */
export async function* fileBytes(
  file: string,
  options: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal?.throwIfAborted();
  await using handle = await openRegularFile(file);
  yield* handleBytes(handle, options);
}

/** The same for an open file, which stays open. */
export async function* handleBytes(
  handle: FileHandle,
  { range, reuseBuffers = false, signal }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const { size } = await handle.stat();
  const end = Math.min(size, (range?.end ?? Infinity) + 1);
  let at = range?.start ?? 0;
  const room = reuseBuffers ? alternating(Math.min(chunkSize, end - at)) : newRoom;
  let next = readChunk(handle, at, end, room);
  for (;;) {
    const chunk = await next;
    signal?.throwIfAborted();
    if (chunk.byteLength === 0) return;
    at += chunk.byteLength;
    next = readChunk(handle, at, end, room);
    // A caller that stops here does not see the result of the next read.
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

/** Two buffers in alternation: the caller reads one while the other is filled. */
function alternating(size: number): () => Uint8Array {
  let current = newRoom(Math.max(size, 0));
  let other = newRoom(Math.max(size, 0));
  return () => {
    [current, other] = [other, current];
    return current;
  };
}

/**
 * The content of a small file; undefined if there is none. @throws ImageError `invalid-manifest` above `limit` bytes,
 * `unsupported` for anything but a regular file
 */
export async function readSmallFile(
  file: string,
  limit: number,
  { signal, ...options }: OperationOptions & OpenRegularOptions = {},
): Promise<Uint8Array | undefined> {
  signal?.throwIfAborted();
  try {
    await using handle = await openRegularFile(file, options);
    return await withFileErrors(file, () => readAll(bytesToEnd(handle, signal), limit));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    if (!isImageError(error, "invalid-manifest")) throw error;
    const message = `${file} is larger than the ${limit} bytes that are read`;
    throw new ImageError("invalid-manifest", message, { cause: error });
  }
}

/** The content of an open file, also if it reports no size, as files of `/proc` do. */
export async function* bytesToEnd(
  handle: FileHandle,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = await handle.stat();
  for (let at = 0; ;) {
    const room = Math.min(Math.max(size - at, 0) + 512, chunkSize);
    const chunk = newRoom(room);
    const { bytesRead } = await handle.read(chunk, 0, room, null);
    signal?.throwIfAborted();
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
