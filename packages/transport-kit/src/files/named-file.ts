import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { bytesToEnd } from "./file-bytes.ts";
import { hasCode } from "./file-error.ts";
import { pipeBytes } from "./pipe.ts";
import { kindOf, openRegularFile } from "./regular-file.ts";

/** Limits for reading. */
export interface NamedFileOptions extends OperationOptions {
  /** Bytes. Default 4 MiB. */
  readonly limit?: number | undefined;
}

/**
 * Reads a file that the user named: a regular file, a pipe such as `/dev/stdin` or that of `<(command)`, or a character
 * device such as `/dev/null`. No thread blocks, so an abort takes effect at once.
 * @throws ImageError `unsupported` for a folder or a socket and for more than `limit` bytes; `unavailable` for a pipe
 * without data for a minute or longer than two minutes; else the system error
 */
export async function readNamedFile(
  file: string,
  { limit = 4 << 20, signal }: NamedFileOptions = {},
): Promise<Buffer> {
  signal?.throwIfAborted();
  const status = await stat(file);
  if (!isReadable(status))
    throw new ImageError("unsupported", `${file} is ${kindOf(status)}; use a file instead`);
  const bytes = status.isFile() ? openedBytes(file) : pipeBytes(file, { ...pipeTimeouts, signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  const start = performance.now();
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    if (performance.now() - start > maxTime) throw tooSlow(file);
    size += chunk.byteLength;
    if (size > limit)
      throw new ImageError("unsupported", `${file} has more than the ${limit} bytes that are read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Like `readNamedFile`; undefined if the file does not exist. */
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

/** Milliseconds to wait for a writer of a pipe, and for its next bytes. */
const pipeTimeouts = { writerDelay: 500, maxSilence: 60_000 };

/** Milliseconds that reading may take in total. */
const maxTime = 120_000;

function tooSlow(file: string): ImageError {
  const message = `${file} took longer than ${maxTime / 1000} s to read; its writer may hang`;
  return new ImageError("unavailable", message, { retryable: false });
}

function isReadable(status: Stats): boolean {
  return status.isFile() || status.isFIFO() || status.isCharacterDevice();
}

async function* openedBytes(file: string): AsyncGenerator<Uint8Array, void, undefined> {
  await using handle = await openRegularFile(file);
  yield* bytesToEnd(handle);
}
