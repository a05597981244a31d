import { link, rename, rm } from "node:fs/promises";
import path from "node:path";

import { makeFolder, removeEmptyFolders, syncFolder } from "./folders.ts";
import { isIntact } from "./intact-file.ts";
import type { TemporaryFile } from "./temporary-file.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Publishes content-addressed files under their names, then runs the one step that makes them visible. If that step or
 * a rename fails, the new names are removed again. An existing file with the same bytes is left alone; one with other
 * bytes, which is damaged or forged, is replaced, and restored if the step fails.
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
      const old = await keptAside(file);
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

/** A backup name for a file that will be replaced; undefined if there is none, or it cannot have another name. */
async function keptAside(file: string): Promise<string | undefined> {
  const aside = path.join(path.dirname(file), temporaryName());
  return link(file, aside).then(
    () => aside,
    () => undefined,
  );
}

function foldersOf(files: Iterable<string>): ReadonlySet<string> {
  return new Set([...files].map((file) => path.dirname(file)));
}
