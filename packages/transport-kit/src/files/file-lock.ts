import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";

import { delay } from "../wire/abortable.ts";
import { realPathOf } from "./exact-path.ts";
import { hasCode, withFileErrors, withWriteErrors } from "./file-error.ts";
import { withMutex } from "./keyed-mutex.ts";
import { heartbeat, holderOf, HolderWatch, newHolder } from "./lock-holder.ts";
import type { LockHolder } from "./lock-holder.ts";
import { LockWait, notRemovable } from "./lock-wait.ts";

/**
 * Runs an operation under a lock file, which excludes other processes on all hosts. Takes over the lock of a process that
 * has ended. Waits up to ten minutes for a process of this user and one minute for others, and reports the wait to
 * `onNotice`. The folder of the lock file must exist.
 * @throws ImageError `conflict` for a lock that is not released, and for another kind of file under its name
 */
export async function withLock<Result>(
  lock: string,
  operation: () => Promise<Result>,
  options: OperationOptions = {},
): Promise<Result> {
  options.signal?.throwIfAborted();
  const folder = await withWriteErrors(lock, () => realPathOf(path.dirname(lock)));
  const file = path.join(folder, path.basename(lock));
  return withLockFile(file, operation, options, () => new LockWait(file, options));
}

/** Starts the wait once no other operation of this process has the lock. */
async function withLockFile<Result>(
  file: string,
  operation: () => Promise<Result>,
  { signal }: OperationOptions,
  newWait: () => LockWait,
): Promise<Result> {
  return withMutex(file, signal, async () => {
    await using _ = await HeldLock.take(file, newWait(), signal);
    return await operation();
  });
}

class HeldLock implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #id: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(
    file: string,
    handle: FileHandle,
    { id, content }: { id: string; content: string },
  ) {
    this.#file = file;
    this.#handle = handle;
    this.#id = id;
    this.#timer = setInterval(() => {
      handle.write(content, 0).catch(() => {});
    }, heartbeat).unref();
  }

  static async take(
    file: string,
    waiting: LockWait,
    signal: AbortSignal | undefined,
  ): Promise<HeldLock> {
    const watch = new HolderWatch();
    let holder: LockHolder | undefined;
    let lostRaces = 0;
    for (let wait = minDelay; ; wait = Math.min(wait * 1.5, maxDelay)) {
      signal?.throwIfAborted();
      const held = await HeldLock.#tryTaking(file);
      if (held !== undefined) return held;
      const now = await holderOf(file);
      holder = now ?? holder;
      const isGone = now !== undefined && watch.isGone(now);
      const isFree = (now === undefined || isGone) && lostRaces++ < maxLostRaces;
      if (isFree && isGone) await removeLock(file, now, waiting, signal);
      if (isFree) continue;
      if (holder !== undefined) await waiting.check(holder);
      await delay(wait * (0.5 + Math.random()), signal);
    }
  }

  static async #tryTaking(file: string): Promise<HeldLock | undefined> {
    const handle = await openNewFile(file);
    if (handle === undefined) return undefined;
    const holder = newHolder();
    try {
      await withFileErrors(file, () => handle.write(holder.content, 0));
      return new HeldLock(file, handle, holder);
    } catch (error) {
      await handle.close();
      await rm(file, { force: true });
      throw error;
    }
  }

  /** Removes the lock, unless another process has taken it over. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#handle.close();
    const holder = await holderOf(this.#file).catch(() => undefined);
    if (holder?.id === this.#id) await rm(this.#file, { force: true });
  }
}

/** How often another process may take a free lock first, before that counts as a wait. */
const maxLostRaces = 100;

/** Milliseconds between two attempts. */
const minDelay = 5;
const maxDelay = 250;

async function openNewFile(file: string): Promise<FileHandle | undefined> {
  try {
    return await withWriteErrors(file, () => open(file, "wx", 0o644));
  } catch (error) {
    if (hasCode(error, "EEXIST")) return undefined;
    throw error;
  }
}

/**
 * Removes the lock of an ended process. A second lock ensures that only one process removes it, and that the lock of a new
 * holder is not removed.
 */
async function removeLock(
  file: string,
  gone: LockHolder,
  waiting: LockWait,
  signal: AbortSignal | undefined,
): Promise<void> {
  const removalLock = `${file}-${gone.id === "" ? "unwritten" : gone.id}`;
  const remove = async (): Promise<void> => {
    const now = await holderOf(file);
    if (now?.id !== gone.id || now.touched !== gone.touched) return;
    await rm(file, { force: true }).catch(async (error: unknown) => {
      throw await notRemovable(file, gone, error);
    });
  };
  await withLockFile(removalLock, remove, { signal }, () => waiting);
}
