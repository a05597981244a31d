import { randomUUID } from "node:crypto";

import { ImageError, mediaTypes } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { indexSizeLimit, layoutFile } from "@drayage/image-layout";
import type { IndexChange } from "@drayage/image-layout";
import { delay } from "@drayage/transport-kit/wire";

import type { Bucket } from "../client/bucket.ts";
import { onlyIf } from "../client/conditions.ts";
import type { Conditions } from "../client/conditions.ts";
import { fileHeaders } from "../client/object-headers.ts";
import { keyIn } from "../s3-location.ts";
import type { S3Settings } from "../s3-settings.ts";
import { deletionIn, doneMark, isUnderWay, markUnderWay, withDeletion } from "./deletion-mark.ts";
import { LayoutLock } from "./layout-lock.ts";
import { askAll } from "./waiting-changes.ts";
import type { CountedOn, WaitingChange } from "./waiting-changes.ts";

/** What lies at the key of an `index.json`; undefined where nothing does. */
interface IndexFile {
  readonly content: Uint8Array | undefined;
  readonly etag: string | undefined;
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
  readonly #waiting: WaitingChange[] = [];
  #isBusy = false;
  /** As it was read or written last; may be out of date. */
  #known: IndexFile | undefined;
  #deletingUntil = 0;

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

  /** `index.json` as it is now. */
  async read(options: OperationOptions): Promise<Uint8Array | undefined> {
    return (await this.#read(options)).content;
  }

  /** Whether others wait, and will for a while, until blobs are deleted that nobody needs. */
  get mayDelete(): boolean {
    return performance.now() < this.#deletingUntil;
  }

  /** Changes `index.json`, whoever else does. @throws ImageError `conflict` where others are always faster */
  async update(change: IndexChange, counted: CountedOn, options: OperationOptions): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ change, counted, options, done });
    if (!this.#isBusy) void this.#work();
    return done.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let all = this.#next(); all.length > 0; all = this.#next()) {
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

  /** All that wait, as far as none of them deletes what another one may count on. */
  #next(): readonly WaitingChange[] {
    const end = this.#waiting.findIndex(({ change }) => change.afterwards !== undefined);
    return this.#waiting.splice(0, end === 0 ? 1 : end < 0 ? Infinity : end);
  }

  async #write(all: readonly WaitingChange[], options: OperationOptions): Promise<void> {
    const conditions = await this.#conditions(options);
    if (conditions === undefined) await this.#writeLocked(all, options);
    else await this.#swap(all, conditions, options);
    for (const { done } of all) done.resolve();
  }

  async #writeLocked(all: readonly WaitingChange[], options: OperationOptions): Promise<void> {
    await using lock = await LayoutLock.take(this.#bucket, this.#key("_drayage/lock"), options);
    const { content } = await this.#read(options);
    const { willing, next } = await askAll(all, content);
    if (next === undefined) return;
    const [first] = willing;
    const { afterwards } = first?.change ?? {};
    lock.check();
    const stored = afterwards === undefined ? next : withDeletion(next, randomUUID());
    await this.#put(content === undefined, stored, {}, options);
    this.#deletingUntil = performance.now() + patience / 2;
    await afterwards?.();
  }

  async #swap(
    all: readonly WaitingChange[],
    conditions: NonNullable<Conditions>,
    options: OperationOptions,
  ): Promise<void> {
    let left = all;
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const before = await this.#quiet(options);
      const { willing, next } = await askAll(left, before.content);
      if (next === undefined) return;
      left = willing;
      const [first] = willing;
      const { afterwards } = first?.change ?? {};
      const mark = markUnderWay(randomUUID());
      const stored = afterwards === undefined ? next : withDeletion(next, mark);
      const since = performance.now();
      if (await this.#replace(before, stored, conditions, options)) {
        this.#deletingUntil = since + patience / 2;
        if (afterwards !== undefined) await this.#finish(mark, afterwards, conditions, options);
        return;
      }
      const longest = Math.min(longestPause, firstPause * 2 ** attempt);
      await delay(Math.random() * longest, options.signal);
    }
    throw this.#conflict(`was changed by others ${mostAttempts} times before we could`);
  }

  /** The index while nobody deletes blobs; who died over it is waited for no longer than two minutes. */
  async #quiet(options: OperationOptions): Promise<IndexFile> {
    const since = performance.now();
    let before = this.#known ?? (await this.#read(options));
    for (const mark = deletionIn(before.content); isUnderWay(mark);) {
      if (deletionIn(before.content) !== mark) return this.#quiet(options);
      if (performance.now() - since > patience) return settled(before, mark);
      await delay(watching, options.signal);
      before = await this.#read(options);
    }
    return before;
  }

  /** False where somebody else wrote since. */
  async #replace(
    before: IndexFile,
    content: Uint8Array,
    conditions: NonNullable<Conditions>,
    options: OperationOptions,
  ): Promise<boolean> {
    const { etag } = before;
    const precondition = etag === undefined ? { IfNoneMatch: "*" } : onlyIf(etag, conditions);
    if (await this.#put(before.content === undefined, content, precondition, options)) return true;
    // An attempt of which nobody heard may have been successful.
    const now = await this.#read(options);
    return now.content !== undefined && Buffer.compare(now.content, content) === 0;
  }

  /** Deletes what nobody needs, and lets the others go on, however that went: an abort comes too late. */
  async #finish(
    mark: string,
    afterwards: () => Promise<void>,
    conditions: NonNullable<Conditions>,
    { retries }: OperationOptions,
  ): Promise<void> {
    const options = { retries };
    try {
      await afterwards();
    } finally {
      const now = this.#known ?? (await this.#read(options));
      if (now.content !== undefined && deletionIn(now.content) === mark)
        await this.#replace(now, withDeletion(now.content, doneMark(mark)), conditions, options);
    }
  }

  async #read(options: OperationOptions): Promise<IndexFile> {
    const found = await this.#bucket.read(this.#key("index.json"), indexSizeLimit, options);
    this.#known = found ?? { content: undefined, etag: undefined };
    return this.#known;
  }

  async #put(
    isFirst: boolean,
    content: Uint8Array,
    precondition: object,
    options: OperationOptions,
  ): Promise<boolean> {
    if (isFirst) await this.#putLayoutFile(precondition, options);
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
  }

  #conflict(what: string): ImageError {
    const place = `s3://${this.#bucket.name}/${this.#key("index.json")}`;
    return new ImageError("conflict", `${place} ${what}: copy again`, { retryable: true });
  }

  #key(name: string): string {
    return keyIn(this.#prefix, name);
  }
}

const mostAttempts = 200;
/** Milliseconds. */
const firstPause = 25;
const longestPause = 1000;
/** How often, and for how long, a deletion of others is waited for. */
const watching = 200;
const patience = 120_000;
/** Of each blob that is deleted: well within what others wait. */
export const deletionTimeout: number = patience / 4;

function settled({ content, etag }: IndexFile, mark: string): IndexFile {
  return { content: content && withDeletion(content, doneMark(mark)), etag };
}
