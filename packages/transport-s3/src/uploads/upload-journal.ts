import { readdir } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import { hasCode, makeOwnFolder } from "@drayage/transport-kit/files";

import type { Bucket, ObjectHeaders } from "../client/bucket.ts";
import { findAbandoned } from "./abandoned-upload.ts";
import { JournalEntry } from "./journal-entry.ts";
import type { JournaledUpload } from "./journal-entry.ts";

/**
 * The uploads in parts to one place that this machine knows of, in a folder that other places share. Nothing depends on
 * it: where it cannot be used it is empty, and `onNotice` is told of it, once.
 */
export class UploadJournal {
  readonly #root: string;
  readonly #bucket: Bucket;
  readonly #folder: string;
  #isTold = false;

  /** `folder` is that of the blobs in the bucket. */
  constructor(root: string, bucket: Bucket, folder: string) {
    this.#root = root;
    this.#bucket = bucket;
    this.#folder = folder;
  }

  /** Writes an upload down that is about to be begun; undefined where that cannot be. */
  async write(
    key: string,
    headers: ObjectHeaders,
    options: OperationOptions,
  ): Promise<JournalEntry | undefined> {
    const upload = { pool: this.#pool, key, headers: JSON.stringify(headers), begun: Date.now() };
    return this.#inFolder(async () => {
      makeOwnFolder(this.#root);
      return JournalEntry.write(this.#root, upload);
    }, options);
  }

  /** Adds what the store calls it. */
  async named(entry: JournalEntry, uploadId: string, options: OperationOptions): Promise<void> {
    await this.#inFolder(() => entry.named(uploadId), options);
  }

  /** Those that nobody goes on with, as far as they are wanted; this process's from then on. */
  async *take(
    isWanted: (upload: JournaledUpload) => boolean,
    options: OperationOptions,
  ): AsyncGenerator<JournalEntry, void, undefined> {
    for (const name of (await this.#inFolder(() => namesIn(this.#root), options)) ?? []) {
      const file = path.join(this.#root, name);
      const upload = await findAbandoned(file);
      if (upload?.pool !== this.#pool || !isWanted(upload)) continue;
      const entry = await JournalEntry.take(file, upload);
      if (entry !== undefined) yield entry;
    }
  }

  get #pool(): string {
    const { name, connection } = this.#bucket;
    return [connection.origin?.origin, name, this.#folder].join(" ");
  }

  /** undefined where that fails. */
  async #inFolder<Result>(
    work: () => Promise<Result>,
    { onNotice }: OperationOptions,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      const text = `Uploads that break off will begin anew, as ${this.#root} cannot be used: ${reasonOf(error)}`;
      if (!this.#isTold) onNotice?.({ kind: "cache", text });
      this.#isTold = true;
      return undefined;
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
