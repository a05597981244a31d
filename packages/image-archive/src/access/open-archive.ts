import { stat } from "node:fs/promises";

import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { compressionOf, readAll, detectCompression } from "@drayage/core/content";
import type { Compression } from "@drayage/core/content";
import { hasCode, withFileErrors } from "@drayage/transport-kit/files";

import { brokenArchive, cannotDecompress } from "../tar/broken-archive.ts";
import type { RandomAccessBytes } from "../tar/random-access.ts";
import { TarArchive } from "../tar/tar-archive.ts";
import { decompressedBytes } from "./decompressed-bytes.ts";
import { openFile } from "./file-access.ts";
import { missingFile } from "./missing-file.ts";
import { spooled } from "./spool.ts";

/**
 * Opens a tar file on disk. A compressed file (gzip, zstd, xz, bzip2) is decompressed into a temporary file first.
 * @throws ImageError `not-found`, `denied`; `invalid-manifest` if it is not a tar file
 */
export async function openArchiveFile(
  file: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  options.signal?.throwIfAborted();
  return openArchiveBytes(await openedFile(file), options);
}

/** Opens a tar file with random access, as `openArchiveFile` does. Closes the bytes. */
export async function openArchiveBytes(
  bytes: RandomAccessBytes,
  options: OperationOptions = {},
): Promise<TarArchive> {
  return TarArchive.open(await uncompressed(bytes, options), options);
}

/**
 * Opens a tar file from a stream by way of a temporary file, compressed or not. `location` is for messages.
 * @throws ImageError as `openArchiveFile`
 */
export async function openArchiveStream(
  bytes: AsyncIterable<Uint8Array>,
  location: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  const start = await detectCompression(bytes).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw error;
  });
  try {
    const spool = await decompressedSpool(start.bytes, start.compression, location, options);
    return await TarArchive.open(spool, options);
  } finally {
    await start.close();
  }
}

async function openedFile(file: string): Promise<RandomAccessBytes> {
  const status = await withFileErrors(file, () => stat(file)).catch(async (cause: unknown) => {
    if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
    throw await missingFile("archive", file, cause);
  });
  if (status.isDirectory()) throw brokenArchive(file, "it is a folder");
  return openFile(file);
}

/** Closes the compressed bytes. */
async function uncompressed(
  bytes: RandomAccessBytes,
  options: OperationOptions,
): Promise<RandomAccessBytes> {
  try {
    const compression = compressionOf(await startOf(bytes, options));
    if (compression === "none") return bytes;
    const content = bytes.read({ start: 0 }, options);
    const spool = await decompressedSpool(content, compression, bytes.location, options);
    await bytes[Symbol.asyncDispose]();
    return spool;
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

async function decompressedSpool(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  file: string,
  options: OperationOptions,
): Promise<RandomAccessBytes> {
  try {
    return await spooled(decompressedBytes(bytes, compression), file, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const isSystemError = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (isImageError(error) || isSystemError) throw error;
    throw cannotDecompress(file, compression, error);
  }
}

/** The first bytes, which identify the compression. */
async function startOf(bytes: RandomAccessBytes, options: OperationOptions): Promise<Uint8Array> {
  if (bytes.size === 0) return new Uint8Array(0);
  return readAll(bytes.read({ start: 0, end: Math.min(bytes.size, 6) - 1 }, options), 6);
}
