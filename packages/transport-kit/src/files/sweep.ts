import type { Stats } from "node:fs";

import { othersMayRename } from "./file-owner.ts";
import { OpenFolder } from "./open-folder.ts";
import { hasEnded, thisProcess } from "./process-identity.ts";
import { isPassing, lockName, ownerOf } from "./temporary-name.ts";

/**
 * Removes this user's temporaries of processes that have ended: those of this host at once, those of others when nothing
 * has touched them for a day. Follows no link, and removes nothing where another user could put a link in the way. A
 * folder that is not there has none.
 */
export async function sweep(folder: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (!opened.isSafe) return;
  // Where others may rename, any folder of this user may have got the name of a stage: it holds other names.
  const isGone = othersMayRename(opened.status) ? isLeft : (): boolean => true;
  const names = (await opened.names().catch(() => [])).filter(isPassing);
  const removals = names.map(async (name) => {
    const status = await opened.statusOf(name);
    if (status !== undefined && isLeft(name, status)) await opened.remove(name, isGone);
  });
  await Promise.all(removals);
}

function isLeft(name: string, { mtimeMs }: Stats): boolean {
  if (!isPassing(name) || name === lockName) return false;
  const owner = ownerOf(name);
  if (owner?.host === thisProcess.host) return hasEnded(owner);
  return Date.now() - mtimeMs > day;
}

const day = 24 * 60 * 60 * 1000;
