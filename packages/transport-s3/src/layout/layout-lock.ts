import { randomUUID } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { delay } from "@drayage/transport-kit/wire";

import type { Bucket, ObjectFacts } from "../client/bucket.ts";
import { keyIn } from "../s3-location.ts";

/** Milliseconds after which nobody waits any more for somebody of whom nothing was heard. */
const expiry = 60_000;
const refreshing = expiry / 4;
const usualPause = 200;
/** More than writers there can be at once; it bounds the memory. */
const maxClaims = 10_000;

/** Somebody's wish for a lock: an object of no bytes, called `OWNER.NUMBER`. */
interface Claim extends ObjectFacts {
  readonly owner: string;
  /** 0 while it is being chosen. */
  readonly number: number;
}

/**
 * A lock for stores that do not keep the conditions of a write, after Lamport's bakery: it takes nothing but reading
 * what was written. Everybody draws a number that is larger than all there are; the smallest one is served.
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

  /** Waits for it. A process that was killed is waited for no longer than a minute. */
  static async take(
    bucket: Bucket,
    folder: string,
    options: OperationOptions,
  ): Promise<LayoutLock> {
    const lock = new LayoutLock(bucket, folder);
    try {
      await lock.#draw(options);
      while (!(await lock.#isServed(options))) {
        await delay(usualPause * (0.5 + Math.random()), options.signal);
      }
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  /** Right before what must not be done by two at once. @throws ImageError `conflict` where others may have stopped waiting */
  check(): void {
    if (performance.now() - this.#refreshedAt < expiry / 2) return;
    throw this.#lost();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#bucket.delete(this.#key(0));
    if (this.#number > 0) await this.#bucket.delete(this.#key(this.#number));
  }

  async #draw(options: OperationOptions): Promise<void> {
    await this.#put(0, options);
    const claims = await this.#claims(options);
    this.#number = 1 + Math.max(0, ...claims.map(({ number }) => number));
    await this.#put(this.#number, options);
    await this.#bucket.delete(this.#key(0), options);
    this.#timer = setInterval(() => void this.#put(this.#number, {}).catch(() => {}), refreshing);
    this.#timer.unref();
  }

  async #isServed(options: OperationOptions): Promise<boolean> {
    const claims = await this.#claims(options);
    const mine = claims.find(({ owner }) => owner === this.#owner);
    if (mine === undefined) throw this.#lost();
    const now = mine.modified.getTime() + performance.now() - this.#refreshedAt;
    let isServed = true;
    for (const claim of claims) {
      if (claim.owner === this.#owner || this.#comesBefore(claim)) continue;
      // Its key is nobody else's: what comes anew has another.
      if (now - claim.modified.getTime() > expiry) await this.#bucket.delete(claim.key, options);
      else isServed = false;
    }
    return isServed;
  }

  #comesBefore({ owner, number }: Claim): boolean {
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
    const place = `s3://${this.#bucket.name}/${this.#folder}`;
    const message = `There are more than ${maxClaims} objects in ${place}: delete them while nobody writes, and copy again`;
    return new ImageError("conflict", message);
  }

  #lost(): ImageError {
    const message = `Lost the lock s3://${this.#bucket.name}/${this.#folder}: copy again`;
    return new ImageError("conflict", message, { retryable: true });
  }
}

/** Behind the last slash. */
function nameIn(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
