import { mkdir, open, rmdir } from "node:fs/promises";
import path from "node:path";

import { hasCode, onDisk } from "./file-error.ts";

/** Makes a folder and those above it, durably. The topmost that was not there; undefined where all were. */
export async function makeFolder(folder: string): Promise<string | undefined> {
  const topmost = await onDisk(folder, () => mkdir(folder, { recursive: true }));
  if (topmost !== undefined) await syncFolder(path.dirname(topmost));
  return topmost;
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
    if (!hasCode(error, "EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP")) throw error;
  }
}
