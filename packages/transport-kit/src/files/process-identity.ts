import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Identifies a process on any host that may write to a folder. */
export interface ProcessIdentity {
  /** Eight hex digits that identify the host and its process namespace, because containers do not see other processes. */
  readonly host: string;
  readonly pid: number;
}

/** This process. */
export const thisProcess: ProcessIdentity = { host: hostHash(), pid: process.pid };

/** Whether the process has ended. False for a process of another host. */
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

/** The process namespace; empty if the system has none. */
function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
