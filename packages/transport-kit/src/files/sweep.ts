import type { Stats } from "node:fs";

import { othersMayRename } from "./file-owner.ts";
import { OpenFolder } from "./open-folder.ts";
import { hasEnded, thisProcess } from "./process-identity.ts";
import { isTemporaryName, lockName, ownerOf } from "./temporary-name.ts";

/**
 * Removes temporary files of this user whose processes have ended: at once for processes of this host, after a day
 * without a change for others. Follows no link, and removes nothing where another user could place a link. A missing
 * folder has none.
 */
export async function sweep(folder: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (!opened.isSafe) return;
  // If others may rename, any folder of this user may have been given the name of a stage: it contains other names.
  const isGone = othersMayRename(opened.status) ? isLeft : (): boolean => true;
  const names = (await opened.names().catch(() => [])).filter(isTemporaryName);
  const removals = names.map(async (name) => {
    const status = await opened.statusOf(name);
    if (status !== undefined && isLeft(name, status)) await opened.remove(name, isGone);
  });
  await Promise.all(removals);
}

function isLeft(name: string, { mtimeMs }: Stats): boolean {
  if (!isTemporaryName(name) || name === lockName) return false;
  const owner = ownerOf(name);
  if (owner?.host === thisProcess.host) return hasEnded(owner);
  return Date.now() - mtimeMs > day;
}

const day = 24 * 60 * 60 * 1000;
