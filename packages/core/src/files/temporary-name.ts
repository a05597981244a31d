import { randomBytes } from "node:crypto";
import { lstat, readdir, rm } from "node:fs/promises";
import path from "node:path";

import { hasEnded, thisProcess } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

const prefix = ".drayage-";
const temporary = /^\.drayage-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}$/;
const day = 24 * 60 * 60 * 1000;

/** The name of the lock that guards a folder, inside it. */
export const lockName: string = `${prefix}lock`;

/** A name that no other file has and that tells whose it is. */
export function temporaryName(): string {
  const { host, pid } = thisProcess;
  return `${prefix}${host}-${pid}-${randomBytes(8).toString("hex")}`;
}

/** True for temporaries and locks: what lies in a folder without being part of what is stored there. */
export function isPassing(name: string): boolean {
  return name.startsWith(prefix);
}

/**
 * Removes the temporaries of processes that have ended: those of this host at once, what others left behind when
 * nobody has touched it for a day. A folder that is not there has none.
 */
export async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter(isPassing).map(async (name) => {
      const file = path.join(folder, name);
      // What cannot be removed is in nobody's way.
      if (await isLeft(file)) await rm(file, { recursive: true, force: true }).catch(() => {});
    }),
  );
}

async function isLeft(file: string): Promise<boolean> {
  const name = path.basename(file);
  const owner = ownerOf(name);
  if (owner?.host === thisProcess.host) return hasEnded(owner);
  const status = name === lockName ? undefined : await lstat(file).catch(() => undefined);
  return status !== undefined && Date.now() - status.mtimeMs > day;
}

function ownerOf(name: string): ProcessIdentity | undefined {
  const [, host, pid] = temporary.exec(name) ?? [];
  return host === undefined || pid === undefined ? undefined : { host, pid: Number(pid) };
}
