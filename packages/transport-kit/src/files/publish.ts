import { link, rename, rm } from "node:fs/promises";
import path from "node:path";

import { makeFolder, removeEmptyFolders, syncFolder } from "./folders.ts";
import { isIntact } from "./intact-file.ts";
import type { TemporaryFile } from "./temporary-file.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Moves content-addressed files to their names, then runs `reveal`, which makes the image visible. If that fails, removes
 * the new files again. An existing file with the same bytes stays. One with other bytes, which is damaged or forged, is
 * replaced, and restored on failure.
 */
export async function publish(
  files: ReadonlyMap<string, TemporaryFile>,
  reveal: () => Promise<void>,
): Promise<void> {
  const added = new Set<string>();
  const replaced = new Map<string, string>();
  const made = new Map<string, string>();
  try {
    for (const [file, temporary] of files) {
      if (await isIntact(file, temporary)) continue;
      const topmost = await makeFolder(path.dirname(file));
      if (topmost !== undefined) made.set(path.dirname(file), topmost);
      const old = await backUp(file);
      if (old !== undefined) replaced.set(file, old);
      await temporary.moveTo(file);
      added.add(file);
    }
    for (const folder of foldersOf(added)) await syncFolder(folder);
    await reveal();
  } catch (error) {
    for (const file of added) await rm(file, { force: true });
    for (const [file, old] of replaced) await rename(old, file).catch(() => {});
    for (const [folder, topmost] of [...made].toReversed())
      await removeEmptyFolders(folder, topmost);
    throw error;
  }
  for (const old of replaced.values()) await rm(old, { force: true }).catch(() => {});
}

/** Links a file that will be replaced to a backup name. Undefined if it does not exist or cannot be linked. */
async function backUp(file: string): Promise<string | undefined> {
  const backup = path.join(path.dirname(file), temporaryName());
  return link(file, backup).then(
    () => backup,
    () => undefined,
  );
}

function foldersOf(files: Iterable<string>): ReadonlySet<string> {
  return new Set([...files].map((file) => path.dirname(file)));
}
