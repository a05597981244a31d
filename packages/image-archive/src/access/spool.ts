import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import { BatchWriter, onDisk, StagedFolder, temporaryName } from "@drayage/transport-kit/files";

import type { RandomAccessBytes } from "../tar/random-access.ts";
import { FileAccess } from "./file-access.ts";

/** How a stream is kept. */
export interface SpoolOptions extends OperationOptions {
  /** Default: the system's folder for temporary files, `TMPDIR`. */
  readonly folder?: string | undefined;
}

/**
 * Keeps what can be read once only in a file, until it is disposed of. The file has no name, or loses it as soon as it is
 * open: nobody else can open it, and a process that is killed leaves nothing behind.
 * @throws ImageError `unavailable` for a full disk; what the stream throws
 */
export async function spooled(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
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
  return FileAccess.of(handle, place);
}

async function openNameless(folder: string): Promise<FileHandle> {
  try {
    if (temporaryFlag !== undefined)
      return await open(folder, constants.O_RDWR | constants.O_EXCL | temporaryFlag, 0o600);
  } catch {
    // A file system without files that have no name, or one that cannot be used at all.
  }
  await using staged = await StagedFolder.open(folder);
  return await onDisk(folder, () => open(path.join(staged.stage, temporaryName()), "wx+", 0o600));
}

/** Makes a file without a name (`O_TMPFILE` of open(2)), a flag that Node does not list. */
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
