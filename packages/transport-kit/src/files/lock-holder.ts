import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { hostname } from "node:os";

import { ImageError, isImageError } from "@drayage/core";

import { hasCode } from "./file-error.ts";
import { describeUser } from "./file-owner.ts";
import { hasEnded, thisProcess } from "./process-identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { kindOf, openRegularFile } from "./regular-file.ts";

/** The content of a lock file, its owner and its times. Only the owner is reliable. */
export interface LockHolder {
  /** Unique for each holder; empty if it is not written yet or cannot be read. */
  readonly id: string;
  readonly process: ProcessIdentity | undefined;
  /** The host name that the holder wrote. */
  readonly hostName: string | undefined;
  readonly touched: number;
  readonly uid: number;
  /** When the file was created, in milliseconds; 0 if the file system does not record it. */
  readonly since: number;
}

/** The content of a lock that this process takes. */
export function newHolder(): { readonly id: string; readonly content: string } {
  const id = randomBytes(8).toString("hex");
  const { host, pid } = thisProcess;
  return { id, content: `${host} ${pid} ${id}\n${hostname()}\n` };
}

/** Reads the holder of a lock; undefined if it is free. @throws ImageError `conflict` for another kind of file */
export async function holderOf(lock: string): Promise<LockHolder | undefined> {
  try {
    const status = await lstat(lock);
    if (!status.isFile()) throw notALock(lock, kindOf(status));
    return await readHolder(lock, status);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** `user nobody (uid 65534), process 17 on host build-7, since 2026-11-30T12:00:00.000Z`. */
export async function describeHolder(holder: LockHolder): Promise<string> {
  const { process, hostName, uid, since } = holder;
  const host =
    process?.host === thisProcess.host ? "this host" : `host ${hostName ?? process?.host}`;
  return [
    await describeUser(uid),
    ...(process === undefined ? ["an unknown process"] : [`process ${process.pid} on ${host}`]),
    ...(since > 0 ? [`since ${new Date(since).toISOString()}`] : []),
  ].join(", ");
}

/** Distinguishes ended holders from slow ones by the times of their lock. */
export class HolderWatch {
  #seen: LockHolder | undefined;
  #since = 0;

  /**
   * Whether the holder has ended. A process of this host is checked directly. Any other process touches its lock
   * regularly, and counts as ended after `lockTimeout` without a touch, by the clock of this process, which stops while
   * the machine sleeps.
   */
  isGone(holder: LockHolder): boolean {
    if (holder.process !== undefined && hasEnded(holder.process)) return true;
    if (this.#seen?.id !== holder.id || this.#seen.touched !== holder.touched) {
      this.#seen = holder;
      this.#since = performance.now();
    }
    return performance.now() - this.#since > lockTimeout;
  }
}

/** How long a lock may stay untouched, in milliseconds. */
export const lockTimeout = 60_000;

/** How often a holder touches its lock, in milliseconds. */
export const heartbeat: number = lockTimeout / 4;

/** Larger files are not read further. */
const maxSize = 256;
const written = /^(\w{1,64}) (\d{1,10}) (\w{1,64})\n(?:([\w.-]{1,128})\n)?/;

async function readHolder(lock: string, status: Stats): Promise<LockHolder> {
  const { text, mtimeMs, uid, birthtimeMs } = await readStart(lock, status);
  const [, host = "", pid = "", id = "", hostName] = written.exec(text) ?? [];
  const process = id === "" ? undefined : { host, pid: Number(pid) };
  return { id, process, hostName, touched: mtimeMs, uid, since: birthtimeMs };
}

/** Reads the start of a lock. Without read permission, only its owner and times are known. */
async function readStart(
  lock: string,
  status: Stats,
): Promise<Pick<Stats, "mtimeMs" | "uid" | "birthtimeMs"> & { readonly text: string }> {
  try {
    await using handle = await openRegularFile(lock, { followLinks: false });
    const { mtimeMs, uid, birthtimeMs } = await handle.stat();
    return { text: await startOf(handle), mtimeMs, uid, birthtimeMs };
  } catch (error) {
    if (isImageError(error, "unsupported") || isImageError(error, "invalid-reference"))
      throw notALock(lock, "not a regular file", error);
    if (!isImageError(error, "denied")) throw error;
    const { mtimeMs, uid, birthtimeMs } = status;
    return { text: "", mtimeMs, uid, birthtimeMs };
  }
}

async function startOf(handle: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(maxSize);
  const { bytesRead } = await handle.read(buffer, 0, maxSize, 0);
  return buffer.toString("latin1", 0, bytesRead);
}

function notALock(lock: string, kind: string, cause?: unknown): ImageError {
  return new ImageError(
    "conflict",
    `${lock} is ${kind}, but must be a lock file; remove it, or choose another folder`,
    { cause },
  );
}
