import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import { hasCode } from "@drayage/core/files";

import type { Bucket, ObjectHeaders } from "./bucket.ts";
import { abandonedSince, JournalEntry, readEntry } from "./journal-entry.ts";

/** What tells uploads of nobody apart. */
export interface AbandonedUpload {
  readonly key: string;
  /** Undefined where nobody heard what the store calls it. */
  readonly uploadId: string | undefined;
  /** When its process was last seen. */
  readonly touched: Date;
  /** Whether its object is to be kept in this way. */
  readonly isFor: (headers: ObjectHeaders) => boolean;
}

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
    const upload = { pool: this.#pool, key, headers: JSON.stringify(headers) };
    return this.#inFolder(async () => {
      await mkdir(this.#root, { recursive: true, mode: 0o700 });
      return JournalEntry.write(this.#root, upload);
    }, options);
  }

  /** Adds what the store calls it. */
  async begun(entry: JournalEntry, uploadId: string, options: OperationOptions): Promise<void> {
    await this.#inFolder(() => entry.begun(uploadId), options);
  }

  /** Those that nobody goes on with, as far as they are wanted; this process's from then on. */
  async *take(
    isWanted: (upload: AbandonedUpload) => boolean,
    options: OperationOptions,
  ): AsyncGenerator<JournalEntry, void, undefined> {
    for (const name of (await this.#inFolder(() => namesIn(this.#root), options)) ?? []) {
      const file = path.join(this.#root, name);
      const since = await abandonedSince(file);
      if (since === undefined) continue;
      const upload = await readEntry(file);
      const touched = new Date(since);
      if (upload === undefined) await forget(file, touched);
      if (upload?.pool !== this.#pool) continue;
      const isFor = (headers: ObjectHeaders): boolean => upload.headers === JSON.stringify(headers);
      const { key, uploadId } = upload;
      if (!isWanted({ key, uploadId, touched, isFor })) continue;
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

/** After how many milliseconds nobody comes back for an upload. */
export const forgottenAfter: number = 7 * 86_400_000;

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** What cannot be understood may be of a later version, for a while. */
async function forget(file: string, touched: Date): Promise<void> {
  if (Date.now() - touched.getTime() < forgottenAfter) return;
  await rm(file, { force: true }).catch(() => {});
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
