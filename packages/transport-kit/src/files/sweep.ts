import type { Stats } from "node:fs";

import { othersMayRename } from "./file-owner.ts";
import { OpenFolder } from "./open-folder.ts";
import { hasEnded, thisProcess } from "./process-identity.ts";
import { isTemporaryName, lockName, ownerOf } from "./temporary-name.ts";

/**
 * Removes temporary files of this user whose process has ended: at once for a process of this host, and after a day without
 * a change for others. Follows no links, and does nothing in a folder where another user can create links, or if the
 * folder does not exist.
 */
export async function sweep(folder: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (!opened.isSafe) return;
  // If others may rename, another folder of this user may have the name of a stage. Only temporary names are removed in it.
  const isRemovable = othersMayRename(opened.status) ? isAbandoned : (): boolean => true;
  const names = (await opened.names().catch(() => [])).filter(isTemporaryName);
  const removals = names.map(async (name) => {
    const status = await opened.statusOf(name);
    if (status !== undefined && isAbandoned(name, status)) await opened.remove(name, isRemovable);
  });
  await Promise.all(removals);
}

function isAbandoned(name: string, { mtimeMs }: Stats): boolean {
  if (!isTemporaryName(name) || name === lockName) return false;
  const owner = ownerOf(name);
  if (owner?.host === thisProcess.host) return hasEnded(owner);
  return Date.now() - mtimeMs > day;
}

const day = 24 * 60 * 60 * 1000;
