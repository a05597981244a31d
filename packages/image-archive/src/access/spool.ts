import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import {
  BatchWriter,
  withFileErrors,
  StagedFolder,
  temporaryName,
} from "@drayage/transport-kit/files";

import type { RandomAccessBytes } from "../tar/random-access.ts";
import { FileAccess } from "./file-access.ts";

/** Options of `spooled`. */
export interface SpoolOptions extends OperationOptions {
  /** Default: the folder for temporary files of the system (`TMPDIR`). */
  readonly folder?: string | undefined;
}

/**
 * Copies a stream into a temporary file until it is disposed of. The file has no name, or is unlinked once it is open:
 * other processes cannot open it, and a killed process leaves nothing behind.
 * @throws ImageError `unavailable` if the disk is full; errors of the stream
 */
export async function spooled(
  bytes: AsyncIterable<Uint8Array>,
  location: string,
  { folder = tmpdir(), ...options }: SpoolOptions = {},
): Promise<RandomAccessBytes> {
  options.signal?.throwIfAborted();
  const handle = await openNameless(folder);
  try {
    await writeAll(bytes, handle, folder, options);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return FileAccess.of(handle, location);
}

async function openNameless(folder: string): Promise<FileHandle> {
  try {
    if (temporaryFlag !== undefined)
      return await open(folder, constants.O_RDWR | constants.O_EXCL | temporaryFlag, 0o600);
  } catch {
    // The file system does not support `O_TMPFILE`, or is not usable at all.
  }
  await using staged = await StagedFolder.open(folder);
  return await withFileErrors(folder, () =>
    open(path.join(staged.stage, temporaryName()), "wx+", 0o600),
  );
}

/** Creates a file without a name (`O_TMPFILE` of open(2)); Node does not export this flag. */
const temporaryFlag = process.platform === "linux" ? 0o20000000 | constants.O_DIRECTORY : undefined;

async function writeAll(
  bytes: AsyncIterable<Uint8Array>,
  handle: FileHandle,
  folder: string,
  { signal }: OperationOptions,
): Promise<void> {
  const writer = new BatchWriter(handle, folder, {});
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    await writer.write(chunk);
  }
  await writer.finish();
}
