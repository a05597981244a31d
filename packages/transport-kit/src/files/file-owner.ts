import type { Stats } from "node:fs";

import { readSmallFile } from "./file-bytes.ts";

/** True for what this user owns; on systems without owners for everything. */
export function isOwn({ uid }: Pick<Stats, "uid">): boolean {
  return own === undefined || uid === own;
}

/** True where only this user and root can have written: neither another owner nor a right for others to write. */
export function isOursAlone(status: Pick<Stats, "uid" | "mode">): boolean {
  if (own === undefined) return true;
  return isTrusted(status.uid) && (status.mode & writableByOthers) === 0;
}

/** True for this user and root, who may do anything in any case. */
export function isTrusted(uid: number): boolean {
  return own === undefined || uid === own || uid === 0;
}

/** Whether another user may rename what this user has in a folder. The sticky bit forbids it, but not to the folder's owner. */
export function othersMayRename(folder: Pick<Stats, "uid" | "mode">): boolean {
  if (own === undefined) return false;
  const isSticky = (folder.mode & sticky) !== 0;
  return !isTrusted(folder.uid) || ((folder.mode & writableByOthers) !== 0 && !isSticky);
}

/** `user nobody (uid 65534)`. */
export async function describeUser(uid: number): Promise<string> {
  const users = await readSmallFile("/etc/passwd", 1 << 20).catch(() => undefined);
  const lines = users === undefined ? [] : Buffer.from(users).toString().split("\n");
  const line = lines.find((one) => one.split(":")[2] === String(uid));
  const [name = ""] = line?.split(":", 1) ?? [];
  return /^[\w.-]{1,64}$/.test(name) ? `user ${name} (uid ${uid})` : `uid ${uid}`;
}

const own = process.geteuid?.();
const writableByOthers = 0o022;
const sticky = 0o1000;
