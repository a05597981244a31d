import type { FileHandle } from "node:fs/promises";

import { ImageError, isImageError } from "@drayage/core";
import type { GetBlobOptions, OperationOptions } from "@drayage/core";
import { readAll } from "@drayage/core/content";

import { hasCode, withFileErrors } from "./file-error.ts";
import { openRegularFile } from "./regular-file.ts";
import type { OpenRegularOptions } from "./regular-file.ts";

/** In bytes: large enough to be fast, and small enough for several parallel files. */
const chunkSize = 1 << 17;

/**
 * Reads a regular file, or a range of it. Reads each chunk while the caller uses the previous one. Opens the file on the
 * first pull and closes it at the end. @throws ImageError `unsupported` for anything but a regular file
 */
export async function* fileBytes(
  file: string,
  options: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal?.throwIfAborted();
  await using handle = await openRegularFile(file);
  yield* handleBytes(handle, options);
}

/** Like `fileBytes` for an open file, which stays open. */
export async function* handleBytes(
  handle: FileHandle,
  { range, reuseBuffers = false, signal }: GetBlobOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const { size } = await handle.stat();
  const end = Math.min(size, (range?.end ?? Infinity) + 1);
  let at = range?.start ?? 0;
  const allocate = reuseBuffers ? alternating(Math.min(chunkSize, end - at)) : newBuffer;
  let next = readChunk(handle, at, end, allocate);
  for (;;) {
    const chunk = await next;
    signal?.throwIfAborted();
    if (chunk.byteLength === 0) return;
    at += chunk.byteLength;
    next = readChunk(handle, at, end, allocate);
    // A caller that stops here does not see the result of the next read.
    next.catch(() => {});
    yield chunk;
  }
}

async function readChunk(
  handle: FileHandle,
  at: number,
  end: number,
  allocate: (size: number) => Uint8Array,
): Promise<Uint8Array> {
  if (at >= end) return new Uint8Array(0);
  const size = Math.min(chunkSize, end - at);
  const chunk = allocate(size);
  const { bytesRead } = await handle.read(chunk, 0, size, at);
  return chunk.subarray(0, bytesRead);
}

function newBuffer(size: number): Uint8Array {
  return Buffer.allocUnsafeSlow(size);
}

/** Alternates two buffers: the caller reads one while the other is filled. */
function alternating(size: number): () => Uint8Array {
  let current = newBuffer(Math.max(size, 0));
  let other = newBuffer(Math.max(size, 0));
  return () => {
    [current, other] = [other, current];
    return current;
  };
}

/**
 * Reads a small file; undefined if it does not exist. @throws ImageError `invalid-manifest` above `limit` bytes;
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

/** Reads an open file to its end, also if it reports no size, like files of `/proc`. */
export async function* bytesToEnd(
  handle: FileHandle,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = await handle.stat();
  for (let at = 0; ;) {
    const length = Math.min(Math.max(size - at, 0) + 512, chunkSize);
    const chunk = newBuffer(length);
    const { bytesRead } = await handle.read(chunk, 0, length, null);
    signal?.throwIfAborted();
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
