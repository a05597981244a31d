import { readdir } from "node:fs/promises";
import path from "node:path";

import type { OperationOptions } from "@drayage/core";
import { hasCode, makeOwnFolder } from "@drayage/transport-kit/files";

import type { Bucket, ObjectHeaders } from "../client/bucket.ts";
import { findAbandoned } from "./abandoned-upload.ts";
import { JournalEntry } from "./journal-entry.ts";
import type { JournaledUpload } from "./journal-entry.ts";

/**
 * The multipart uploads of this machine to one folder of blobs, recorded in a local folder that several destinations may
 * share. It is optional: if it cannot be used, it is empty, and one notice reports this.
 */
export class UploadJournal {
  readonly #root: string;
  readonly #bucket: Bucket;
  readonly #folder: string;
  #isReported = false;

  /** `root` is the local folder, `folder` the folder of the blobs in the bucket. */
  constructor(root: string, bucket: Bucket, folder: string) {
    this.#root = root;
    this.#bucket = bucket;
    this.#folder = folder;
  }

  /** Records an upload that is about to be created; undefined if that fails. */
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

  /** Adds the ID that the store assigned. */
  async recordUploadId(
    entry: JournalEntry,
    uploadId: string,
    options: OperationOptions,
  ): Promise<void> {
    await this.#inFolder(() => entry.recordUploadId(uploadId), options);
  }

  /** Takes over the wanted uploads whose processes have ended. */
  async *takeAbandoned(
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

  /** Undefined if the work fails. */
  async #inFolder<Result>(
    work: () => Promise<Result>,
    { onNotice }: OperationOptions,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      const text = `Interrupted uploads cannot be resumed, because ${this.#root} cannot be used: ${reasonOf(error)}`;
      if (!this.#isReported) onNotice?.({ kind: "cache", text });
      this.#isReported = true;
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
