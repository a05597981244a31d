import { existsSync } from "node:fs";
import { constants, copyFile, link, lstat, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { algorithmOf, ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { withFileErrors, withWriteErrors } from "./file-error.ts";
import { isOwn } from "./file-owner.ts";
import { readVerified } from "./intact-file.ts";
import { openRegularFile } from "./regular-file.ts";
import { newTemporary, TemporaryFile } from "./temporary-file.ts";
import type { WrittenFile } from "./temporary-file.ts";
import { temporaryName } from "./temporary-name.ts";
import { threadDigest, minThreadSize } from "./thread-digest.ts";

/**
 * Clones a file into a temporary file in a folder, by reflink, or by a copy in the kernel for a small file. The clone is
 * verified before it is returned. Undefined if the file cannot be cloned; the caller then reads it.
 * @throws ImageError `digest-mismatch` if the content has another digest
 */
export async function cloneTemporary(
  folder: string,
  from: string,
  expected: WrittenFile,
  options: OperationOptions = {},
): Promise<TemporaryFile | undefined> {
  options.signal?.throwIfAborted();
  try {
    return await newTemporary(folder, async (handle, file) => {
      await cloneInto(handle, from, file, expected.size);
      const synced = withFileErrors(folder, () => handle.datasync());
      // Hashes while the disk writes. A failure of either fails both.
      const checked = withWriteErrors(folder, () => check(file, expected, options));
      await Promise.all([synced, checked]);
      return expected;
    });
  } catch (error) {
    if (error instanceof CannotClone) return undefined;
    throw error;
  }
}

/**
 * A hard link to a regular file of this user on the same file system, else a clone; undefined if both fail. A link to a
 * file of another user could not be removed with the temporary files of this one.
 */
export async function linkTemporary(
  folder: string,
  from: string,
  expected: WrittenFile,
  options: OperationOptions = {},
): Promise<TemporaryFile | undefined> {
  options.signal?.throwIfAborted();
  const file = path.join(folder, temporaryName());
  const status = await lstat(from).catch(() => undefined);
  try {
    if (status?.isFile() !== true || !isOwn(status)) throw new CannotClone("not linked");
    await link(from, file);
  } catch {
    return cloneTemporary(folder, from, expected, options);
  }
  return new TemporaryFile(file, expected);
}

class CannotClone extends Error {}

/** Keeps the owner and the mode of the new file, because the source may be private or read-only. */
async function cloneInto(
  handle: FileHandle,
  from: string,
  file: string,
  size: number,
): Promise<void> {
  const { mode, uid, gid } = await handle.stat();
  try {
    // Opening a named pipe would block. The path of the descriptor is the file that was checked.
    await using source = await openRegularFile(from);
    requireSize(from, (await source.stat()).size, size);
    const pinned = `/proc/self/fd/${source.fd}`;
    await copyFile(existsSync(pinned) ? pinned : from, file, cloneMode(size));
    // If this user is root, Node gives the copy to the owner of the file, who could change it later.
    const copied = await handle.stat();
    if (copied.uid !== uid || copied.gid !== gid) await handle.chown(uid, gid);
    await handle.chmod(mode & 0o777);
  } catch (cause) {
    if (isImageError(cause, "digest-mismatch")) throw cause;
    throw new CannotClone("neither a reflink nor a copy", { cause });
  }
}

/** A file of another size could fill the disk before its hash shows that it is the wrong one. */
function requireSize(file: string, found: number, expected: number): void {
  if (found === expected) return;
  const message = `${file} should have ${expected} bytes and has ${found}; it was not copied`;
  throw new ImageError("digest-mismatch", message);
}

/** A copy inside the kernel cannot be aborted, so a large file is cloned by reflink, or read. */
function cloneMode(size: number): number {
  const { COPYFILE_FICLONE, COPYFILE_FICLONE_FORCE } = constants;
  return size > maxKernelCopy ? COPYFILE_FICLONE_FORCE : COPYFILE_FICLONE;
}

/** Bytes. */
const maxKernelCopy = 128 << 20;

async function check(
  file: string,
  expected: WrittenFile,
  options: OperationOptions,
): Promise<void> {
  if (await isRightInThread(file, expected, options)) return;
  await readVerified(file, expected, options);
}

/**
 * False if the file is too small for a thread, or the thread failed: the caller then hashes the file itself, and gets
 * the error.
 */
async function isRightInThread(
  file: string,
  { digest, size }: WrittenFile,
  options: OperationOptions,
): Promise<boolean> {
  if (size < minThreadSize || (await stat(file)).size !== size) return false;
  return (await threadDigest(file, algorithmOf(digest), options)) === digest;
}
