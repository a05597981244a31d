import { link, rename, rm } from "node:fs/promises";
import path from "node:path";

import { makeFolder, removeEmptyFolders, syncFolder } from "./folders.ts";
import { isIntact } from "./intact-file.ts";
import type { TemporaryFile } from "./temporary-file.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Gives content-addressed files their names, then does the one step that makes them matter. Where that or a name fails,
 * the names that were new are taken back. A file that is there with the same bytes is left alone; one with others, which
 * is damaged or forged, is replaced, and put back where the step fails.
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

/** Another name for what is to be replaced; undefined where there is nothing, or it can have no other name. */
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
