import { randomBytes } from "node:crypto";
import { appendFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { hasEnded, thisProcess } from "@drayage/transport-kit/files";

/** An upload in parts as it is written down. */
export interface JournaledUpload {
  /** Where the blobs lie among which it is to be one. */
  readonly pool: string;
  readonly key: string;
  /** How the object is to be kept: whoever wants another one does not go on with it. */
  readonly headers: string;
  /** When it was, in milliseconds. */
  readonly begun: number;
  /** Undefined where nobody heard what the store calls it, if it has it at all. */
  readonly uploadId?: string | undefined;
}

/** Of the file. */
export const journalVersion = 1;
/** Milliseconds after which a process that was not seen is gone. */
export const patience: number = 2 * 60_000;
const heartbeat = patience / 8;

/** A file about one upload. Its name tells which process sends it, its time that this process lives. */
export class JournalEntry {
  readonly upload: JournaledUpload;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string, upload: JournaledUpload) {
    this.upload = upload;
    this.#file = file;
    held.add(path.basename(file));
    this.#timer = setInterval(() => void touch(file).catch(nothing), heartbeat).unref();
  }

  /** Writes a new one of this process. @throws the error of the file system */
  static async write(folder: string, upload: JournaledUpload): Promise<JournalEntry> {
    const file = path.join(folder, ownName());
    const content = `${JSON.stringify({ version: journalVersion, ...upload })}\n`;
    const entry = new JournalEntry(file, upload);
    try {
      await writeFile(file, content, { flag: "wx", mode: 0o600 });
      return entry;
    } catch (error) {
      entry.#release();
      throw error;
    }
  }

  /** Makes one of nobody one of this process; undefined where somebody else was faster. */
  static async take(file: string, upload: JournaledUpload): Promise<JournalEntry | undefined> {
    const own = path.join(path.dirname(file), ownName());
    const entry = new JournalEntry(own, upload);
    try {
      await touch(file);
      await rename(file, own);
      return entry;
    } catch {
      entry.#release();
      return undefined;
    }
  }

  /** Adds what the store calls it. @throws the error of the file system */
  async named(uploadId: string): Promise<void> {
    await appendFile(this.#file, `${JSON.stringify(uploadId)}\n`);
  }

  /** There is no such upload any more. */
  async end(): Promise<void> {
    await rm(this.#file, { force: true }).catch(nothing);
    this.#release();
  }

  /** Nobody sends it any more, and anybody may. */
  async leave(): Promise<void> {
    const file = path.join(path.dirname(this.#file), nameOf(nobody));
    await rename(this.#file, file).catch(nothing);
    this.#release();
  }

  #release(): void {
    clearInterval(this.#timer);
    held.delete(path.basename(this.#file));
  }
}

/** By this process: in another container one that is gone may have had its number. */
const held = new Set<string>();

/** Whether the upload that a file of this name is about is certainly sent by nobody; undefined where the name is none of a journal. */
export function isOfNobody(name: string): boolean | undefined {
  const [, owner, host = "", pid] = names.exec(name) ?? [];
  if (owner === undefined) return undefined;
  if (owner === nobody) return true;
  const sender = { host, pid: Number(pid) };
  const hadOurNumber = sender.host === thisProcess.host && sender.pid === thisProcess.pid;
  return hadOurNumber ? !held.has(name) : hasEnded(sender);
}

const nobody = "left";
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
