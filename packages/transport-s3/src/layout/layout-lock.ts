import { randomUUID } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { delay } from "@drayage/transport-kit/wire";

import type { Bucket, ObjectFacts } from "../client/bucket.ts";
import { keyIn } from "../s3-location.ts";

/** Milliseconds after which a claim that was not refreshed is ignored. */
const expiry = 60_000;
const refreshInterval = expiry / 4;
const pollInterval = 200;
/** Limits the memory; there are never so many writers at once. */
const maxClaims = 10_000;

/** A claim to a lock: an empty object with the name `OWNER.NUMBER`. */
interface Claim extends ObjectFacts {
  readonly owner: string;
  /** 0 while the owner chooses its number. */
  readonly number: number;
}

/**
 * A lock for stores that do not honour conditions of writes: Lamport's bakery algorithm, which requires only consistent
 * reads. Each writer takes a number above all existing ones. The smallest number holds the lock.
 */
export class LayoutLock implements AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #folder: string;
  readonly #owner: string = randomUUID();
  #number = 0;
  #refreshedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(bucket: Bucket, folder: string) {
    this.#bucket = bucket;
    this.#folder = folder;
  }

  /** Waits for the lock. It waits for a killed process for one minute. */
  static async acquire(
    bucket: Bucket,
    folder: string,
    options: OperationOptions,
  ): Promise<LayoutLock> {
    const lock = new LayoutLock(bucket, folder);
    try {
      await lock.#takeNumber(options);
      while (!(await lock.#isHeld(options))) {
        await delay(pollInterval * (0.5 + Math.random()), options.signal);
      }
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  /** Call this directly before the protected write. @throws ImageError `conflict` if other writers may have stopped waiting */
  check(): void {
    if (performance.now() - this.#refreshedAt < expiry / 2) return;
    throw this.#lost();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#bucket.delete(this.#key(0));
    if (this.#number > 0) await this.#bucket.delete(this.#key(this.#number));
  }

  async #takeNumber(options: OperationOptions): Promise<void> {
    await this.#put(0, options);
    const claims = await this.#claims(options);
    this.#number = 1 + Math.max(0, ...claims.map(({ number }) => number));
    await this.#put(this.#number, options);
    await this.#bucket.delete(this.#key(0), options);
    this.#timer = setInterval(
      () => void this.#put(this.#number, {}).catch(() => {}),
      refreshInterval,
    );
    this.#timer.unref();
  }

  async #isHeld(options: OperationOptions): Promise<boolean> {
    const claims = await this.#claims(options);
    const own = claims.find(({ owner }) => owner === this.#owner);
    if (own === undefined) throw this.#lost();
    const now = own.modified.getTime() + performance.now() - this.#refreshedAt;
    let isHeld = true;
    for (const claim of claims) {
      if (claim.owner === this.#owner || this.#precedes(claim)) continue;
      // Safe to delete: every claim has its own key.
      if (now - claim.modified.getTime() > expiry) await this.#bucket.delete(claim.key, options);
      else isHeld = false;
    }
    return isHeld;
  }

  #precedes({ owner, number }: Claim): boolean {
    return this.#number < number || (this.#number === number && this.#owner < owner);
  }

  async #claims(options: OperationOptions): Promise<readonly Claim[]> {
    const claims: Claim[] = [];
    for await (const object of this.#bucket.list(`${this.#folder}/`, options)) {
      const [, owner = "", number] = /^(.+)\.(\d+)$/.exec(nameIn(object.key)) ?? [];
      if (number !== undefined) claims.push({ ...object, owner, number: Number(number) });
      if (claims.length > maxClaims) throw this.#crowded();
    }
    return claims;
  }

  async #put(number: number, options: OperationOptions): Promise<void> {
    const before = performance.now();
    await this.#bucket.put(this.#key(number), { Body: new Uint8Array(0) }, options);
    this.#refreshedAt = before;
  }

  #key(number: number): string {
    return keyIn(this.#folder, `${this.#owner}.${number}`);
  }

  #crowded(): ImageError {
    const url = `s3://${this.#bucket.name}/${this.#folder}`;
    const message = `More than ${maxClaims} objects in ${url}; delete them while no copy is running, and copy again`;
    return new ImageError("conflict", message);
  }

  #lost(): ImageError {
    const message = `Lost the lock s3://${this.#bucket.name}/${this.#folder}; copy again`;
    return new ImageError("conflict", message, { retryable: true });
  }
}

/** The part of a key after the last slash. */
function nameIn(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
