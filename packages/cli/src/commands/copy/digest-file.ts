import { open, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { pipeWriter } from "@drayage/transport-kit/files";

import { UsageError } from "../../flags/usage-error.ts";

/** Checks before a copy that its digest can be written afterwards. Leaves no file behind. @throws UsageError */
export async function requireWritable(file: string): Promise<void> {
  try {
    const there = await stat(file).catch(absent);
    if (there?.isFIFO() || there?.isCharacterDevice()) return;
    const handle = await open(file, there === undefined ? "ax" : "r+");
    await handle.close();
    if (there === undefined) await rm(file);
  } catch (cause) {
    throw new UsageError(`--digestfile ${file} is not writable: ${reasonOf(cause, file)}`, {
      cause,
    });
  }
}

/** Writes the digest without a line end, like skopeo. */
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
    throw new Error(
      `The image was copied, but writing its digest ${digest} to ${file} failed: ${why}`,
      {
        cause,
      },
    );
  }
}

/** Waits up to a minute for a reader. */
async function writeToPipe(file: string, digest: string, signal: AbortSignal): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new Error("the pipe has no reader; start one first")),
    maxWait,
  );
  try {
    const bytes = Readable.from([Buffer.from(digest)]);
    await pipeline(bytes, pipeWriter(file), { signal: AbortSignal.any([signal, timeout.signal]) });
  } catch (error) {
    throw timeout.signal.aborted ? timeout.signal.reason : error;
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
      return `the folder ${path.dirname(file)} does not exist; create it first`;
    case "ENOTDIR":
      return `${path.dirname(file)} is not a folder; name a file in a folder`;
    case "EEXIST":
      return "it is a dangling symbolic link; name another file";
    case "EISDIR":
      return "it is a folder; name a file in it";
    case "EACCES":
    case "EPERM":
      return "permission denied; name another file or change its permissions";
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full; free some space";
    case "ENXIO":
      return "it is a socket or a missing device; name a file instead";
    case "ELOOP":
      return "it is a circular symbolic link; name another file";
    case "ENAMETOOLONG":
      return "its name is too long for the file system; use a shorter name";
    case "EROFS":
      return "its file system is read-only; name a file on another one";
    case undefined:
    default:
      return message;
  }
}
