import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process among all that may write to one place. */
export interface ProcessIdentity {
  /** Eight hex digits; other ones in each container, because a process sees only those of its own. */
  readonly host: string;
  readonly pid: number;
}

/** The process that this runs in. */
export const thisProcess: ProcessIdentity = { host: hostHash(), pid: process.pid };

/** True where the process is certain to have ended; false for one of another host, of which nothing is known. */
export function hasEnded({ host, pid }: ProcessIdentity): boolean {
  return host === thisProcess.host && !isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function hostHash(): string {
  const host = `${hostname()} ${processNamespace()}`;
  return createHash("sha256").update(host).digest("hex").slice(0, 8);
}

/** Which processes can be seen; empty where the system has no such spaces. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
