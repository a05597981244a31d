import type { Stats } from "node:fs";

import { readSmallFile } from "./file-bytes.ts";

/** Whether this user owns the file. Always true on systems without owners. */
export function isOwn({ uid }: Pick<Stats, "uid">): boolean {
  return own === undefined || uid === own;
}

/**
 * Whether only this user and root can have written the file, by its owner and mode.
 */
export function isWritableOnlyByUser(status: Pick<Stats, "uid" | "mode">): boolean {
  if (own === undefined) return true;
  return isTrusted(status.uid) && (status.mode & writableByOthers) === 0;
}

/** Whether the user is this user or root. */
export function isTrusted(uid: number): boolean {
  return own === undefined || uid === own || uid === 0;
}

/**
 * Whether another user may rename files of this user in a folder. With the sticky bit, only the owner of the folder may.
 */
export function othersMayRename(folder: Pick<Stats, "uid" | "mode">): boolean {
  if (own === undefined) return false;
  const isSticky = (folder.mode & sticky) !== 0;
  return !isTrusted(folder.uid) || ((folder.mode & writableByOthers) !== 0 && !isSticky);
}

/** `user nobody (uid 65534)`. */
export async function describeUser(uid: number): Promise<string> {
  const users = await readSmallFile("/etc/passwd", 1 << 20).catch(() => undefined);
  const lines = users === undefined ? [] : Buffer.from(users).toString().split("\n");
  const line = lines.find((each) => each.split(":")[2] === String(uid));
  const [name = ""] = line?.split(":", 1) ?? [];
  return /^[\w.-]{1,64}$/.test(name) ? `user ${name} (uid ${uid})` : `uid ${uid}`;
}

const own = process.geteuid?.();
const writableByOthers = 0o022;
const sticky = 0o1000;
