import { mkdir, open, rmdir, stat } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode, onDisk, whileWriting } from "./file-error.ts";

/** How folders are made. */
export interface MakeFolderOptions {
  /** Who may do what with a folder that is made. Default `0o777`, less what the umask takes. */
  readonly mode?: number | undefined;
}

/**
 * Makes a folder and those above it, durably. The topmost that was not there; undefined where all were. Ends where the
 * file system takes no folder, as below `/proc`, in which `mkdir` of Node with `recursive` tries for ever.
 * @throws ImageError `denied`, `unavailable`, `conflict` where a file is in the way
 */
export async function makeFolder(
  folder: string,
  options: MakeFolderOptions = {},
): Promise<string | undefined> {
  const topmost = await made(path.resolve(folder), options);
  if (topmost !== undefined) await syncFolder(path.dirname(topmost));
  return topmost;
}

/** How often a folder above may be gone again before that is an error. */
const maxAttempts = 5;

async function made(folder: string, options: MakeFolderOptions): Promise<string | undefined> {
  let topmost: string | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      await onDisk(folder, () => mkdir(folder, { mode: options.mode }));
      return topmost ?? folder;
    } catch (error) {
      // Some systems name another reason for a folder that is there, such as a read-only file system.
      if (await isFolder(folder)) return topmost;
      const above = path.dirname(folder);
      const canRetry = hasCode(error, "ENOENT") && above !== folder && attempt < maxAttempts;
      if (!canRetry) throw notMade(folder, error);
      topmost ??= await made(above, options);
    }
  }
}

async function isFolder(file: string): Promise<boolean> {
  const status = await stat(file).catch(() => undefined);
  return status?.isDirectory() === true;
}

function notMade(folder: string, cause: unknown): unknown {
  if (hasCode(cause, "EEXIST", "ENOTDIR"))
    return new ImageError(
      "conflict",
      `The folder ${folder} cannot be made: a file is in the way; choose another one`,
      { cause },
    );
  if (!hasCode(cause, "ENOENT")) return cause;
  const message = `The folder ${folder} cannot be made: this file system takes none there, or the folder above is gone; choose another one`;
  return new ImageError("unavailable", message, { cause, retryable: false });
}

/** Removes a folder and those above it up to `topmost`, until one is not empty. */
export async function removeEmptyFolders(folder: string, topmost: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch {
    return;
  }
  if (folder !== topmost) await removeEmptyFolders(path.dirname(folder), topmost);
}

/** Makes sure that the names in a folder outlast a loss of power, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder);
    await handle.sync();
  } catch (error) {
    // Windows, and file systems of other machines, have no such thing.
    if (!hasCode(error, "EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"))
      await whileWriting(folder, () => Promise.reject(error as Error));
  }
}
