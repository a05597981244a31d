import { open, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { pipeWriter } from "@drayage/transport-kit/files";

import { UsageError } from "../../flags/usage-error.ts";

/** Fails before a copy where its digest could not be written after it; changes nothing. @throws UsageError */
export async function requireWritable(file: string): Promise<void> {
  try {
    const there = await stat(file).catch(absent);
    if (there?.isFIFO() || there?.isCharacterDevice()) return;
    const handle = await open(file, there === undefined ? "ax" : "r+");
    await handle.close();
    if (there === undefined) await rm(file);
  } catch (cause) {
    throw new UsageError(`--digestfile ${file} cannot be written: ${reasonOf(cause, file)}`, {
      cause,
    });
  }
}

/** The digest and nothing else, as skopeo writes it. */
export async function writeDigestFile(
  file: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  try {
    await (there?.isFIFO() === true ? writeToPipe(file, digest, signal) : writeFile(file, digest));
  } catch (cause) {
    // An empty file would be read as a digest.
    if (there === undefined) await rm(file, { force: true }).catch(() => {});
    signal.throwIfAborted();
    const why = reasonOf(cause, file);
    throw new Error(`The image is copied, but its digest ${digest} is not in ${file}: ${why}`, {
      cause,
    });
  }
}

/** Waits for a reader until the abort, or a minute. */
async function writeToPipe(file: string, digest: string, signal: AbortSignal): Promise<void> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error("nobody reads this pipe")), maxWait);
  try {
    const bytes = Readable.from([Buffer.from(digest)]);
    await pipeline(bytes, pipeWriter(file), { signal: AbortSignal.any([signal, patience.signal]) });
  } catch (error) {
    throw patience.signal.aborted ? patience.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds. */
const maxWait = 60_000;

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

function reasonOf(cause: unknown, file: string): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return `the folder ${path.dirname(file)} is not there; make it first`;
    case "ENOTDIR":
      return `${path.dirname(file)} is no folder`;
    case "EEXIST":
      return "it is a symbolic link that leads nowhere; name another file";
    case "EISDIR":
      return "it is a folder; name a file in it";
    case "EACCES":
    case "EPERM":
      return "it is not yours to write";
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full; free some space";
    case "ENXIO":
      return "it is a socket, or a device that is not there; name a file instead";
    case "ELOOP":
      return "its symbolic links go round in a circle";
    case "ENAMETOOLONG":
      return "its name is too long for the file system";
    case "EROFS":
      return "its file system is read-only";
    case undefined:
    default:
      return message;
  }
}
