import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

import { ImageError } from "../image-error.ts";
import type { OperationOptions } from "../operation-options.ts";
import { pause } from "./abortable.ts";
import { hasCode } from "./file-error.ts";
import { kindOf } from "./regular-file.ts";

/** How much is read. */
export interface NamedFileOptions extends OperationOptions {
  /** Bytes. Default 4 MiB. */
  readonly limit?: number | undefined;
}

/**
 * The content of a file that a person named: a regular file, a pipe such as `/dev/stdin` or that of `<(command)`, or a
 * character device such as `/dev/null`. No thread waits for it, so an abort ends the reading at once.
 * @throws ImageError `unsupported` for a folder or a socket and for more than `limit` bytes, `unavailable` for a pipe
 * that stays silent for a minute; the error of the system otherwise
 */
export async function readNamedFile(
  file: string,
  { limit = 4 << 20, signal }: NamedFileOptions = {},
): Promise<Buffer> {
  signal?.throwIfAborted();
  const status = await stat(file);
  if (!isReadable(status))
    throw new ImageError("unsupported", `${file} is ${kindOf(status)}; name a file instead`);
  await using handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = await nextChunk(handle, size === 0, { file, status, signal });
    if (chunk.byteLength === 0) return Buffer.concat(chunks);
    size += chunk.byteLength;
    if (size > limit)
      throw new ImageError("unsupported", `${file} has more than the ${limit} bytes that are read`);
    chunks.push(chunk);
  }
}

/** The same; undefined where there is no such file. @throws as `readNamedFile` */
export async function findNamedFile(
  file: string,
  options: NamedFileOptions = {},
): Promise<Buffer | undefined> {
  try {
    return await readNamedFile(file, options);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
const chunkSize = 1 << 16;
/** Milliseconds between two looks at a pipe that is empty. */
const interval = 10;
/** Milliseconds that a pipe without a writer is waited for. */
const writerDelay = 500;
/** Milliseconds that a pipe may stay silent. */
const maxSilence = 60_000;

interface Reading {
  readonly file: string;
  readonly status: Stats;
  readonly signal: AbortSignal | undefined;
}

function isReadable(status: Stats): boolean {
  return status.isFile() || status.isFIFO() || status.isCharacterDevice();
}

/** Empty at the end. A pipe that nobody has opened for writing yet looks like one that has ended. */
async function nextChunk(
  handle: FileHandle,
  isFirst: boolean,
  { file, status, signal }: Reading,
): Promise<Buffer> {
  const start = performance.now();
  const buffer = Buffer.allocUnsafe(chunkSize);
  for (;;) {
    signal?.throwIfAborted();
    const bytesRead = await readNow(handle, buffer);
    const waited = performance.now() - start;
    const mayBegin = isFirst && status.isFIFO() && waited < writerDelay;
    if (bytesRead !== undefined && (bytesRead > 0 || !mayBegin))
      return buffer.subarray(0, bytesRead);
    if (waited > maxSilence)
      throw new ImageError("unavailable", `Nothing came out of ${file} for a minute`, {
        retryable: false,
      });
    await pause(interval, signal);
  }
}

/** Undefined where there is nothing yet. */
async function readNow(handle: FileHandle, buffer: Buffer): Promise<number | undefined> {
  try {
    return (await handle.read(buffer, 0, buffer.byteLength, null)).bytesRead;
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return undefined;
    throw error;
  }
}
