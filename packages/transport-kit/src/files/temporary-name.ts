import { randomBytes } from "node:crypto";

import { thisProcess } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

const prefix = ".drayage-";
const temporary = /^\.drayage-[0-9a-f]{8}-\d+-[0-9a-f]{16}$/;

/** The name of the lock file of a folder, inside it. */
export const lockName: string = `${prefix}lock`;

/** A unique name that contains the identity of this process. */
export function temporaryName(): string {
  const { host, pid } = thisProcess;
  return `${prefix}${host}-${pid}-${randomBytes(8).toString("hex")}`;
}

/** Whether the name is that of a temporary file, a stage or a lock, rather than stored content. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(prefix);
}

/** The process that created a temporary file; undefined for any other name. */
export function ownerOf(name: string): ProcessIdentity | undefined {
  if (!temporary.test(name)) return undefined;
  const [host = "", pid] = name.slice(prefix.length).split("-");
  return { host, pid: Number(pid) };
}
