import { rm, stat } from "node:fs/promises";
import path from "node:path";

import { makeFolder, removeEmptyFolders, syncFolder } from "./folders.ts";
import type { TemporaryFile } from "./temporary-file.ts";

/**
 * Gives content-addressed files their names, then does the one step that makes them matter. Where that or a name fails,
 * the names that were new are taken back. A file that is there in its size is left alone.
 */
export async function publish(
  files: ReadonlyMap<string, TemporaryFile>,
  reveal: () => Promise<void>,
): Promise<void> {
  const added = new Set<string>();
  const made = new Map<string, string>();
  try {
    for (const [file, temporary] of files) {
      if (await isThere(file, temporary.size)) continue;
      const topmost = await makeFolder(path.dirname(file));
      if (topmost !== undefined) made.set(path.dirname(file), topmost);
      await temporary.moveTo(file);
      added.add(file);
    }
    for (const folder of foldersOf(added)) await syncFolder(folder);
    await reveal();
  } catch (error) {
    for (const file of added) await rm(file, { force: true });
    for (const [folder, topmost] of [...made].toReversed())
      await removeEmptyFolders(folder, topmost);
    throw error;
  }
}

function foldersOf(files: Iterable<string>): ReadonlySet<string> {
  return new Set([...files].map((file) => path.dirname(file)));
}

async function isThere(file: string, size: number): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.size === size;
}
