import { randomBytes } from "node:crypto";
import { appendFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { hasEnded, thisProcess } from "@drayage/transport-kit/files";

/** A multipart upload as recorded in the journal. */
export interface JournaledUpload {
  /** The store, bucket and folder of the blob. */
  readonly pool: string;
  readonly key: string;
  /** The headers of the object as JSON. An upload is resumed only with the same headers. */
  readonly headers: string;
  /** When the upload was created, in milliseconds since the epoch. */
  readonly begun: number;
  /** Undefined if the response with the ID was not received. */
  readonly uploadId?: string | undefined;
}

/** The version of the file format. */
export const journalVersion = 1;
/** Milliseconds without a heartbeat after which a process counts as ended. */
export const heartbeatTimeout: number = 2 * 60_000;
/** Milliseconds. */
const heartbeatInterval = heartbeatTimeout / 8;

/** The file of one upload. Its name contains the process that sends it; its modification time is the heartbeat of that process. */
export class JournalEntry {
  readonly upload: JournaledUpload;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string, upload: JournaledUpload) {
    this.upload = upload;
    this.#file = file;
    ownFiles.add(path.basename(file));
    this.#timer = setInterval(() => void touch(file).catch(nothing), heartbeatInterval).unref();
  }

  /** Writes a new entry, owned by this process. @throws an error of the file system */
  static async write(folder: string, upload: JournaledUpload): Promise<JournalEntry> {
    const file = path.join(folder, ownName());
    const content = `${JSON.stringify({ version: journalVersion, ...upload })}\n`;
    const entry = new JournalEntry(file, upload);
    try {
      await writeFile(file, content, { flag: "wx", mode: 0o600 });
      return entry;
    } catch (error) {
      entry.#forget();
      throw error;
    }
  }

  /** Takes over an orphaned entry. Undefined if another process was faster. */
  static async take(file: string, upload: JournaledUpload): Promise<JournalEntry | undefined> {
    const own = path.join(path.dirname(file), ownName());
    const entry = new JournalEntry(own, upload);
    try {
      await touch(file);
      await rename(file, own);
      return entry;
    } catch {
      entry.#forget();
      return undefined;
    }
  }

  /** Adds the ID that the store assigned. @throws an error of the file system */
  async recordUploadId(uploadId: string): Promise<void> {
    await appendFile(this.#file, `${JSON.stringify(uploadId)}\n`);
  }

  /** Deletes the entry: the upload has ended. */
  async end(): Promise<void> {
    await rm(this.#file, { force: true }).catch(nothing);
    this.#forget();
  }

  /** Ends the ownership, so any process may resume the upload. */
  async release(): Promise<void> {
    const file = path.join(path.dirname(this.#file), nameOf(noOwner));
    await rename(this.#file, file).catch(nothing);
    this.#forget();
  }

  #forget(): void {
    clearInterval(this.#timer);
    ownFiles.delete(path.basename(this.#file));
  }
}

/** Entries of this process. A process of another container may have had the same process ID. */
const ownFiles = new Set<string>();

/** Whether no process sends the upload of this file. False if that is uncertain; undefined for other files. */
export function isOrphaned(name: string): boolean | undefined {
  const [, owner, host = "", pid] = names.exec(name) ?? [];
  if (owner === undefined) return undefined;
  if (owner === noOwner) return true;
  const sender = { host, pid: Number(pid) };
  const hasOwnId = sender.host === thisProcess.host && sender.pid === thisProcess.pid;
  return hasOwnId ? !ownFiles.has(name) : hasEnded(sender);
}

const noOwner = "left";
const names = /^upload-(left|([0-9a-f]{8})-(\d+))-[0-9a-f]{16}$/;

function ownName(): string {
  return nameOf(`${thisProcess.host}-${thisProcess.pid}`);
}

function nameOf(owner: string): string {
  return `upload-${owner}-${randomBytes(8).toString("hex")}`;
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now);
}

function nothing(): undefined {}
