import { gathered, ImageError, mediaTypes } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { indexSizeLimit, layoutFile } from "@drayage/image-layout";
import type { IndexChange, LayoutFileName } from "@drayage/image-layout";

import type { Bucket } from "./bucket.ts";
import { onlyIf } from "./conditions.ts";
import type { Conditions } from "./conditions.ts";
import { LayoutLock } from "./layout-lock.ts";
import { fileHeaders } from "./object-headers.ts";
import { pause } from "./pause.ts";
import { keyIn } from "./s3-location.ts";
import type { S3Settings } from "./s3-settings.ts";

/** What lies at the key of an `index.json`; undefined where nothing does. */
interface IndexFile {
  readonly content: Uint8Array | undefined;
  readonly etag: string | undefined;
}

interface Waiting {
  readonly change: IndexChange;
  readonly options: OperationOptions;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The two small files of a layout, for all in this process that use it. `index.json` is compared and swapped: whoever
 * else wrote it meanwhile is not overwritten. Changes that come together are written together.
 */
export class LayoutFiles {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #settings: S3Settings;
  readonly #conditions: (options: OperationOptions) => Promise<Conditions>;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;
  /** As it was read or written last; may be out of date. */
  #known: IndexFile | undefined;
  #hasLayoutFile = false;

  /** `conditions` tells, perhaps after a trial, what the store does with those of a write. */
  constructor(
    bucket: Bucket,
    prefix: string,
    settings: S3Settings,
    conditions: (options: OperationOptions) => Promise<Conditions>,
  ) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#settings = settings;
    this.#conditions = conditions;
  }

  /** As it is now. */
  async read(name: LayoutFileName, options: OperationOptions): Promise<Uint8Array | undefined> {
    const opened = await this.#bucket.get(this.#key(name), undefined, options);
    const content = opened && (await gathered(opened.bytes, indexSizeLimit));
    if (name === "oci-layout") this.#hasLayoutFile = opened !== undefined;
    else this.#known = { content, etag: opened?.etag };
    return content;
  }

  /** Changes `index.json`, whoever else does. @throws ImageError `conflict` where others are always faster */
  async update(change: IndexChange, options: OperationOptions): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ change, options, done });
    if (!this.#isBusy) void this.#work();
    return done.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let all = this.#waiting.splice(0); all.length > 0; all = this.#waiting.splice(0)) {
      const [first] = all;
      // The abort of one is nothing to the others.
      const { signal, ...shared } = first?.options ?? {};
      const options = all.length === 1 ? { ...shared, signal } : shared;
      try {
        await this.#write(all, options);
      } catch (error) {
        this.#known = undefined;
        for (const { done } of all) done.reject(error);
      }
    }
    this.#isBusy = false;
  }

  async #write(all: readonly Waiting[], options: OperationOptions): Promise<void> {
    const conditions = await this.#conditions(options);
    if (conditions !== undefined) {
      await finished(await this.#swap(all, conditions, options));
      return;
    }
    await using lock = await LayoutLock.take(this.#bucket, this.#key("_drayage/lock"), options);
    this.#known = undefined;
    const { content } = await this.#read(options);
    const { willing, next } = await asked(all, content);
    lock.check();
    if (willing.length > 0) await this.#put(content === undefined, next, {}, options);
    await finished(willing);
  }

  /** Those whose changes are there now. */
  async #swap(
    all: readonly Waiting[],
    conditions: NonNullable<Conditions>,
    options: OperationOptions,
  ): Promise<readonly Waiting[]> {
    let left = all;
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const { content, etag } = this.#known ?? (await this.#read(options));
      const { willing, next } = await asked(left, content);
      if (willing.length === 0) return [];
      left = willing;
      const precondition = etag === undefined ? { IfNoneMatch: "*" } : onlyIf(etag, conditions);
      if (await this.#put(content === undefined, next, precondition, options)) return willing;
      await pause(
        Math.random() * Math.min(longestPause, firstPause * 2 ** attempt),
        options.signal,
      );
      const now = await this.#read(options);
      // Written by an attempt of which nobody heard that it was successful.
      if (now.content !== undefined && Buffer.compare(now.content, next) === 0) return willing;
    }
    throw new ImageError(
      "conflict",
      `Others changed s3://${this.#bucket.name}/${this.#key("index.json")} ${mostAttempts} times before we could: copy again`,
      { retryable: true },
    );
  }

  async #read(options: OperationOptions): Promise<IndexFile> {
    await this.read("index.json", options);
    return this.#known ?? { content: undefined, etag: undefined };
  }

  async #put(
    isFirst: boolean,
    content: Uint8Array,
    precondition: object,
    options: OperationOptions,
  ): Promise<boolean> {
    if (isFirst && !this.#hasLayoutFile) await this.#putLayoutFile(precondition, options);
    this.#known = undefined;
    const headers = fileHeaders(this.#settings, mediaTypes.ociIndex);
    const object = { ...headers, ...precondition, Body: content };
    const etag = await this.#bucket.put(this.#key("index.json"), object, options);
    if (etag !== undefined) this.#known = { content, etag };
    return etag !== undefined;
  }

  async #putLayoutFile(precondition: object, options: OperationOptions): Promise<void> {
    const headers = fileHeaders(this.#settings, "application/json");
    const object = { ...headers, ...precondition, Body: layoutFile };
    await this.#bucket.put(this.#key("oci-layout"), object, options);
    this.#hasLayoutFile = true;
  }

  #key(name: string): string {
    return keyIn(this.#prefix, name);
  }
}

const mostAttempts = 200;
/** Milliseconds. */
const firstPause = 25;
const longestPause = 1000;

/** Asks each for what shall be, one after another. Who does not want it any more is told at once. */
async function asked(
  all: readonly Waiting[],
  content: Uint8Array | undefined,
): Promise<{ readonly willing: readonly Waiting[]; readonly next: Uint8Array }> {
  const willing: Waiting[] = [];
  let next = content;
  for (const one of all) {
    try {
      one.options.signal?.throwIfAborted();
      next = await one.change.next(next);
      willing.push(one);
    } catch (error) {
      one.done.reject(error);
    }
  }
  return { willing, next: next ?? new Uint8Array(0) };
}

async function finished(all: readonly Waiting[]): Promise<void> {
  for (const { change, done } of all) await change.afterwards?.().then(done.resolve, done.reject);
  for (const { done } of all) done.resolve();
}
