import { randomUUID } from "node:crypto";

import { ImageError, mediaTypes } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { indexSizeLimit, layoutFile } from "@drayage/image-layout";
import type { IndexChange } from "@drayage/image-layout";
import { delay } from "@drayage/transport-kit/wire";

import type { Bucket } from "../client/bucket.ts";
import { ifMatch } from "../client/conditions.ts";
import type { Conditions } from "../client/conditions.ts";
import { fileHeaders } from "../client/object-headers.ts";
import { keyIn } from "../s3-location.ts";
import type { S3Settings } from "../s3-settings.ts";
import { deletionIn, doneMark, isPending, pendingMark, withDeletion } from "./deletion-mark.ts";
import { LayoutLock } from "./layout-lock.ts";
import { applyChanges } from "./pending-changes.ts";
import type { ReuseCheck, PendingChange } from "./pending-changes.ts";

/** The content and ETag of `index.json`; undefined if it is absent. */
interface IndexFile {
  readonly content: Uint8Array | undefined;
  readonly etag: string | undefined;
}

/**
 * The files `index.json` and `oci-layout` of a layout, shared by all its users in this process. `index.json` is changed
 * by compare-and-swap, so changes of other writers are kept. Changes that are requested together are written together.
 */
export class LayoutFiles {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #settings: S3Settings;
  readonly #conditions: (options: OperationOptions) => Promise<Conditions>;
  readonly #queue: PendingChange[] = [];
  #isBusy = false;
  /** The last version that was read or written. It may be out of date. */
  #cached: IndexFile | undefined;
  #deletionDeadline = 0;

  /** `conditions` returns how the store handles conditions of writes, which may require a probe. */
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

  /** Reads the current `index.json`. */
  async read(options: OperationOptions): Promise<Uint8Array | undefined> {
    return (await this.#read(options)).content;
  }

  /** Whether blobs may be deleted now, because other writers still wait for the deletion to end. */
  get mayDelete(): boolean {
    return performance.now() < this.#deletionDeadline;
  }

  /** Changes `index.json`. @throws ImageError `conflict` if other writers change it again and again */
  async update(change: IndexChange, reuse: ReuseCheck, options: OperationOptions): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#queue.push({ change, reuse, options, done });
    if (!this.#isBusy) void this.#processQueue();
    return done.promise;
  }

  async #processQueue(): Promise<void> {
    this.#isBusy = true;
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
      const [first] = batch;
      // The abort of one change must not abort the others.
      const { signal, ...shared } = first?.options ?? {};
      const options = batch.length === 1 ? { ...shared, signal } : shared;
      try {
        await this.#write(batch, options);
      } catch (error) {
        this.#cached = undefined;
        for (const { done } of batch) done.reject(error);
      }
    }
    this.#isBusy = false;
  }

  /** The queued changes up to the next deletion, which is made alone: another change may reuse what it deletes. */
  #nextBatch(): readonly PendingChange[] {
    const end = this.#queue.findIndex(({ change }) => change.afterwards !== undefined);
    return this.#queue.splice(0, end === 0 ? 1 : end < 0 ? Infinity : end);
  }

  async #write(all: readonly PendingChange[], options: OperationOptions): Promise<void> {
    const conditions = await this.#conditions(options);
    if (conditions === undefined) await this.#writeLocked(all, options);
    else await this.#swap(all, conditions, options);
    for (const { done } of all) done.resolve();
  }

  async #writeLocked(all: readonly PendingChange[], options: OperationOptions): Promise<void> {
    await using lock = await LayoutLock.acquire(this.#bucket, this.#key("_drayage/lock"), options);
    const { content } = await this.#read(options);
    const { applied, next } = await applyChanges(all, content);
    if (next === undefined) return;
    const [first] = applied;
    const { afterwards } = first?.change ?? {};
    lock.check();
    const stored = afterwards === undefined ? next : withDeletion(next, randomUUID());
    await this.#put(content === undefined, stored, {}, options);
    this.#deletionDeadline = performance.now() + maxDeletionTime / 2;
    await afterwards?.();
  }

  async #swap(
    all: readonly PendingChange[],
    conditions: NonNullable<Conditions>,
    options: OperationOptions,
  ): Promise<void> {
    let remaining = all;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const before = await this.#readSettled(options);
      const { applied, next } = await applyChanges(remaining, before.content);
      if (next === undefined) return;
      remaining = applied;
      const [first] = applied;
      const { afterwards } = first?.change ?? {};
      const mark = pendingMark(randomUUID());
      const stored = afterwards === undefined ? next : withDeletion(next, mark);
      const startedAt = performance.now();
      if (await this.#replace(before, stored, conditions, options)) {
        this.#deletionDeadline = startedAt + maxDeletionTime / 2;
        if (afterwards !== undefined) await this.#finish(mark, afterwards, conditions, options);
        return;
      }
      const limit = Math.min(maxDelay, firstDelay * 2 ** attempt);
      await delay(Math.random() * limit, options.signal);
    }
    throw this.#conflict(`was changed by other writers during ${maxAttempts} attempts`);
  }

  /** Reads the index after deletions in progress have ended. Waits for a process that was killed for two minutes. */
  async #readSettled(options: OperationOptions): Promise<IndexFile> {
    const startedAt = performance.now();
    let before = this.#cached ?? (await this.#read(options));
    for (const mark = deletionIn(before.content); isPending(mark);) {
      if (deletionIn(before.content) !== mark) return this.#readSettled(options);
      if (performance.now() - startedAt > maxDeletionTime) return withDeletionDone(before, mark);
      await delay(pollInterval, options.signal);
      before = await this.#read(options);
    }
    return before;
  }

  /** Replaces the index. False if another writer changed it since `before`. */
  async #replace(
    before: IndexFile,
    content: Uint8Array,
    conditions: NonNullable<Conditions>,
    options: OperationOptions,
  ): Promise<boolean> {
    const { etag } = before;
    const precondition = etag === undefined ? { IfNoneMatch: "*" } : ifMatch(etag, conditions);
    if (await this.#put(before.content === undefined, content, precondition, options)) return true;
    // An earlier attempt may have succeeded although its response was lost.
    const now = await this.#read(options);
    return now.content !== undefined && Buffer.compare(now.content, content) === 0;
  }

  /** Deletes unneeded blobs, then unblocks other writers, even after a failure. It is too late for an abort. */
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
      const now = this.#cached ?? (await this.#read(options));
      if (now.content !== undefined && deletionIn(now.content) === mark)
        await this.#replace(now, withDeletion(now.content, doneMark(mark)), conditions, options);
    }
  }

  async #read(options: OperationOptions): Promise<IndexFile> {
    const found = await this.#bucket.read(this.#key("index.json"), indexSizeLimit, options);
    this.#cached = found ?? { content: undefined, etag: undefined };
    return this.#cached;
  }

  async #put(
    isFirst: boolean,
    content: Uint8Array,
    precondition: object,
    options: OperationOptions,
  ): Promise<boolean> {
    if (isFirst) await this.#putLayoutFile(precondition, options);
    this.#cached = undefined;
    const headers = fileHeaders(this.#settings, mediaTypes.ociIndex);
    const object = { ...headers, ...precondition, Body: content };
    const etag = await this.#bucket.put(this.#key("index.json"), object, options);
    if (etag !== undefined) this.#cached = { content, etag };
    return etag !== undefined;
  }

  async #putLayoutFile(precondition: object, options: OperationOptions): Promise<void> {
    const headers = fileHeaders(this.#settings, "application/json");
    const object = { ...headers, ...precondition, Body: layoutFile };
    await this.#bucket.put(this.#key("oci-layout"), object, options);
  }

  #conflict(what: string): ImageError {
    const url = `s3://${this.#bucket.name}/${this.#key("index.json")}`;
    return new ImageError("conflict", `${url} ${what}; copy again`, { retryable: true });
  }

  #key(name: string): string {
    return keyIn(this.#prefix, name);
  }
}

const maxAttempts = 200;
/** Milliseconds. */
const firstDelay = 25;
const maxDelay = 1000;
/** Milliseconds between reads while another writer deletes blobs. */
const pollInterval = 200;
/** Milliseconds for which other writers wait for a deletion. */
const maxDeletionTime = 120_000;
/** Milliseconds for the deletion of one blob, so it ends while other writers wait. */
export const deletionTimeout: number = maxDeletionTime / 4;

function withDeletionDone({ content, etag }: IndexFile, mark: string): IndexFile {
  return { content: content && withDeletion(content, doneMark(mark)), etag };
}
