import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { isTrusted } from "./file-owner.ts";
import { describeHolder, lockTimeout } from "./lock-holder.ts";
import type { LockHolder } from "./lock-holder.ts";

/** Milliseconds after which waiting is reported. */
const noticeDelay = 2000;
/** Milliseconds to wait for a process of this user, which may be writing a large archive. */
const maxWait = 10 * 60_000;
/** Milliseconds to wait for all locks of other users together. */
const maxWaitForOthers: number = lockTimeout;

/** One wait for a lock. It is limited, and reported after a short time. */
export class LockWait {
  readonly #lock: string;
  readonly #onNotice: OperationOptions["onNotice"];
  readonly #start: number = performance.now();
  #othersSince: number | undefined;
  #holder: string | undefined;
  #holderSince = 0;
  #isReported = false;

  constructor(lock: string, { onNotice }: OperationOptions) {
    this.#lock = lock;
    this.#onNotice = onNotice;
  }

  /** Called before each delay. @throws ImageError `conflict`, retryable, after the maximum time */
  async check(holder: LockHolder): Promise<void> {
    const now = performance.now();
    if (this.#holder !== holder.id) [this.#holder, this.#holderSince] = [holder.id, now];
    if (!isTrusted(holder.uid)) this.#othersSince ??= now;
    const isLong =
      now - this.#holderSince > maxWait || now - (this.#othersSince ?? now) > maxWaitForOthers;
    if (isLong) throw await this.#tookTooLong(holder);
    if (this.#isReported || now - this.#start < noticeDelay) return;
    this.#isReported = true;
    const text = `waiting for the lock ${this.#lock} of ${await describeHolder(holder)}`;
    this.#onNotice?.({ kind: "lock", text });
  }

  async #tookTooLong(holder: LockHolder): Promise<ImageError> {
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    return new ImageError(
      "conflict",
      `The lock ${this.#lock} was not released within ${seconds} s; it is held by ${await describeHolder(holder)}. ` +
        "Copy again when that process has ended. If it has ended, remove the lock, or choose a folder that no other user writes to",
      { retryable: true },
    );
  }
}

/** The error for the lock of a process that has ended and that this user may not remove. */
export async function notRemovable(
  lock: string,
  holder: LockHolder,
  cause: unknown,
): Promise<ImageError> {
  return new ImageError(
    "conflict",
    `The lock ${lock} was left behind by ${await describeHolder(holder)}, and this user may not remove it: ` +
      "have its owner or an administrator remove it, or choose another folder",
    { cause },
  );
}
