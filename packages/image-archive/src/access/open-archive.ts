import { stat } from "node:fs/promises";

import { compressionOf, gathered, isImageError, sniffed } from "@drayage/core";
import type { Compression, OperationOptions } from "@drayage/core";
import { hasCode, onDisk } from "@drayage/transport-kit/files";

import { brokenArchive, cannotUnpack } from "../tar/broken-archive.ts";
import type { RandomAccessBytes } from "../tar/random-access.ts";
import { TarArchive } from "../tar/tar-archive.ts";
import { openFile } from "./file-access.ts";
import { missingFile } from "./missing-file.ts";
import { spooled } from "./spool.ts";
import { unpacked } from "./unpacked.ts";

/**
 * Opens a tar file on disk. A packed one (gzip, zstd, xz, bzip2) is unpacked into a temporary file first; any other is
 * read where it lies.
 * @throws ImageError `not-found`, `denied`, `invalid-manifest` for what is no tar file
 */
export async function openArchiveFile(
  file: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  options.signal?.throwIfAborted();
  return openArchiveBytes(await openedFile(file), options);
}

/** Opens a tar file that is read at random from wherever it is; otherwise as `openArchiveFile`. Closes the bytes. */
export async function openArchiveBytes(
  bytes: RandomAccessBytes,
  options: OperationOptions = {},
): Promise<TarArchive> {
  return TarArchive.open(await notPacked(bytes, options), options);
}

/** Opens a tar file, packed or not, that comes out of a pipe: by way of a temporary file. `place` is for messages. @throws ImageError as `openArchiveFile` */
export async function openArchiveStream(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  const start = await sniffed(bytes).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw error;
  });
  try {
    const spool = await unpackedSpool(start.bytes, start.compression, place, options);
    return await TarArchive.open(spool, options);
  } finally {
    await start.close();
  }
}

async function openedFile(file: string): Promise<RandomAccessBytes> {
  const status = await onDisk(file, () => stat(file)).catch(async (cause: unknown) => {
    if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
    throw await missingFile("archive", file, cause);
  });
  if (status.isDirectory()) throw brokenArchive(file, "it is a folder");
  return openFile(file);
}

/** Closes those that are packed. */
async function notPacked(
  bytes: RandomAccessBytes,
  options: OperationOptions,
): Promise<RandomAccessBytes> {
  try {
    const compression = compressionOf(await startOf(bytes, options));
    if (compression === "none") return bytes;
    const content = bytes.read({ start: 0 }, options);
    const spool = await unpackedSpool(content, compression, bytes.place, options);
    await bytes[Symbol.asyncDispose]();
    return spool;
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

async function unpackedSpool(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  file: string,
  options: OperationOptions,
): Promise<RandomAccessBytes> {
  try {
    return await spooled(unpacked(bytes, compression), file, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const isOfSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (isImageError(error) || isOfSystem) throw error;
    throw cannotUnpack(file, compression, error);
  }
}

/** What tells how it is packed. */
async function startOf(bytes: RandomAccessBytes, options: OperationOptions): Promise<Uint8Array> {
  if (bytes.size === 0) return new Uint8Array(0);
  return gathered(bytes.read({ start: 0, end: Math.min(bytes.size, 6) - 1 }, options), 6);
}
