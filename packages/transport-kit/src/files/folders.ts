import { mkdir, open, rmdir, stat } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode, withFileErrors, withWriteErrors } from "./file-error.ts";

/** Options of `makeFolder`. */
export interface MakeFolderOptions {
  /** Permissions of new folders. Default `0o777`, minus the umask. */
  readonly mode?: number | undefined;
}

/**
 * Creates a folder and its parents durably. Returns the topmost new folder; undefined if all existed. Fails if the file
 * system does not allow folders, such as `/proc`, where `mkdir` of Node with `recursive` never ends.
 * @throws ImageError `denied`, `unavailable`; `conflict` if a file is in the way
 */
export async function makeFolder(
  folder: string,
  options: MakeFolderOptions = {},
): Promise<string | undefined> {
  const topmost = await makeWithParents(path.resolve(folder), options);
  if (topmost !== undefined) await syncFolder(path.dirname(topmost));
  return topmost;
}

/** How often a parent folder may be removed meanwhile before that is an error. */
const maxAttempts = 5;

async function makeWithParents(
  folder: string,
  options: MakeFolderOptions,
): Promise<string | undefined> {
  let topmost: string | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      await withFileErrors(folder, () => mkdir(folder, { mode: options.mode }));
      return topmost ?? folder;
    } catch (error) {
      // Some systems report another reason for an existing folder, such as a read-only file system.
      if (await isFolder(folder)) return topmost;
      const above = path.dirname(folder);
      const canRetry = hasCode(error, "ENOENT") && above !== folder && attempt < maxAttempts;
      if (!canRetry) throw notMade(folder, error);
      topmost ??= await makeWithParents(above, options);
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
      `The folder ${folder} cannot be created: a file is in the way; choose another folder`,
      { cause },
    );
  if (!hasCode(cause, "ENOENT")) return cause;
  const message = `The folder ${folder} cannot be created: the file system does not allow it, or the parent folder was removed; choose another folder`;
  return new ImageError("unavailable", message, { cause, retryable: false });
}

/** Removes a folder and its parents up to `topmost`, until one is not empty. */
export async function removeEmptyFolders(folder: string, topmost: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch {
    return;
  }
  if (folder !== topmost) await removeEmptyFolders(path.dirname(folder), topmost);
}

/** Makes the names in a folder durable, if the system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder);
    await handle.sync();
  } catch (error) {
    // Windows and network file systems do not support this.
    if (!hasCode(error, "EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"))
      await withWriteErrors(folder, () => Promise.reject(error as Error));
  }
}
