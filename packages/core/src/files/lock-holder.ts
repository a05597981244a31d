import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

import { hasCode } from "./file-error.ts";
import { hasEnded, thisProcess } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** What a lock file says, and when it was last touched. */
export interface LockHolder {
  /** Another one each time that a lock is taken; empty before it was written. */
  readonly id: string;
  readonly process: ProcessIdentity | undefined;
  readonly touched: number;
}

/** What is written into a lock that this process takes. */
export function newHolder(): { readonly id: string; readonly content: string } {
  const id = randomBytes(8).toString("hex");
  const { host, pid } = thisProcess;
  return { id, content: `${host} ${pid} ${id}\n` };
}

/** Undefined where nobody holds the lock. */
export async function holderOf(lock: string): Promise<LockHolder | undefined> {
  try {
    await using handle = await open(lock);
    const { mtimeMs: touched } = await handle.stat();
    const content = (await handle.readFile("utf8")).slice(0, 100);
    const [, host = "", pid = "", id = ""] = /^(\w+) (\d+) (\w+)\n/.exec(content) ?? [];
    return { id, process: id === "" ? undefined : { host, pid: Number(pid) }, touched };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Tells holders that are gone from holders that are slow, by watching their lock. */
export class HolderWatch {
  #seen: LockHolder | undefined;
  #since = 0;

  /**
   * A process of this host that has ended is gone. Of any other it is only certain that it touches its lock again and
   * again: it counts as gone when we have watched for that long and nothing happened, by our own clock, which stands
   * still while the machine sleeps.
   */
  isGone(holder: LockHolder): boolean {
    if (holder.process !== undefined && hasEnded(holder.process)) return true;
    if (this.#seen?.id !== holder.id || this.#seen.touched !== holder.touched) {
      this.#seen = holder;
      this.#since = performance.now();
    }
    return performance.now() - this.#since > patience;
  }
}

/** How long a lock may stay untouched, in milliseconds. */
const patience = 60_000;

/** How often a holder touches its lock, in milliseconds. */
export const heartbeat: number = patience / 4;
