import { randomBytes } from "node:crypto";
import { appendFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { hasEnded, readSmallFile, thisProcess } from "@drayage/core/files";

/** An upload in parts as it is written down. */
export interface JournaledUpload {
  /** Where the blobs lie among which it is to be one. */
  readonly pool: string;
  readonly key: string;
  /** How the object is to be kept: whoever wants another one does not go on with it. */
  readonly headers: string;
  /** Undefined where nobody heard what the store calls it, if it has it at all. */
  readonly uploadId?: string | undefined;
}

/** A file about one upload. Its name tells which process sends it, its time that this process lives. */
export class JournalEntry {
  readonly upload: JournaledUpload;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string, upload: JournaledUpload) {
    this.upload = upload;
    this.#file = file;
    this.#timer = setInterval(() => void touch(file).catch(nothing), heartbeat).unref();
  }

  /** Writes a new one of this process. @throws the error of the file system */
  static async write(folder: string, upload: JournaledUpload): Promise<JournalEntry> {
    const file = path.join(folder, ownName());
    const content = `${JSON.stringify({ version, ...upload })}\n`;
    await writeFile(file, content, { flag: "wx", mode: 0o600 });
    return new JournalEntry(file, upload);
  }

  /** Makes one of nobody one of this process; undefined where somebody else was faster. */
  static async take(file: string, upload: JournaledUpload): Promise<JournalEntry | undefined> {
    const own = path.join(path.dirname(file), ownName());
    try {
      await touch(file);
      await rename(file, own);
      return new JournalEntry(own, upload);
    } catch {
      return undefined;
    }
  }

  /** Adds what the store calls it. @throws the error of the file system */
  async begun(uploadId: string): Promise<void> {
    await appendFile(this.#file, `${JSON.stringify(uploadId)}\n`);
  }

  /** There is no such upload any more. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await rm(this.#file, { force: true }).catch(nothing);
  }

  /** Nobody sends it any more, and anybody may. */
  async leave(): Promise<void> {
    clearInterval(this.#timer);
    const file = path.join(path.dirname(this.#file), nameOf("left"));
    await rename(this.#file, file).catch(nothing);
  }
}

/** What a file says; undefined where it says nothing that can be understood. */
export async function readEntry(file: string): Promise<JournaledUpload | undefined> {
  try {
    const content = await readSmallFile(file, mostBytes);
    const [first = "", second] = Buffer.from(content ?? [])
      .toString()
      .split("\n");
    const { version: found, pool, key, headers } = JSON.parse(first) as Record<string, unknown>;
    if (found !== version || !isText(pool) || !isText(key) || !isText(headers)) return undefined;
    return { pool, key, headers, uploadId: textIn(second) };
  } catch {
    return undefined;
  }
}

/** When a file was touched, in milliseconds, where it is of nobody who lives; undefined for others. */
export async function abandonedSince(file: string): Promise<number | undefined> {
  const [, owner, host, pid] = name.exec(path.basename(file)) ?? [];
  if (owner === undefined) return undefined;
  const touched = (await stat(file).catch(nothing))?.mtimeMs;
  if (touched === undefined || owner === "left") return touched;
  const isGone = hasEnded({ host: host ?? "", pid: Number(pid) });
  return isGone || Date.now() - touched > patience ? touched : undefined;
}

const version = 1;
const mostBytes = 1 << 16;
const name = /^upload-(left|([0-9a-f]{8})-(\d+))-[0-9a-f]{16}$/;
/** Milliseconds. A process of another machine, or one whose number another has by now, is gone when it is silent for so long. */
const patience = 10 * 60_000;
const heartbeat = patience / 10;

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

/** Of a line that a process was perhaps killed writing. */
function textIn(line: string | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(line ?? "");
    return isText(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function nothing(): undefined {}
