import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

import { ImageError } from "@drayage/core";

import { withFileErrors } from "./file-error.ts";

/** Options of `openRegularFile`. */
export interface OpenRegularOptions {
  /** Whether a symbolic link is followed. Default true. */
  readonly followLinks?: boolean | undefined;
}

/**
 * Opens a regular file for reading. A named pipe, a device, a socket or a folder is rejected without opening it, because
 * opening a pipe blocks a thread and cannot be aborted.
 * @throws ImageError `unsupported` for anything but a regular file or a folder, `denied`; `ENOENT`; `EISDIR` for a folder
 */
export async function openRegularFile(
  file: string,
  { followLinks = true }: OpenRegularOptions = {},
): Promise<FileHandle> {
  return withFileErrors(file, async () => {
    const status = followLinks ? await stat(file) : await lstat(file);
    if (!status.isFile()) throw notRegular(file, status);
    const handle = await open(file, flags | (followLinks ? 0 : noFollow));
    try {
      const opened = await handle.stat();
      if (!opened.isFile()) throw notRegular(file, opened);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

/** The kind of a file for messages. */
export function kindOf(status: Stats): string {
  if (status.isFile()) return "a regular file";
  if (status.isDirectory()) return "a folder";
  if (status.isSymbolicLink()) return "a symbolic link";
  if (status.isFIFO()) return "a named pipe";
  return status.isSocket() ? "a socket" : "a device";
}

// Windows has only O_RDONLY. undefined counts as 0.
const flags = constants.O_RDONLY | constants.O_NONBLOCK;
const noFollow = constants.O_NOFOLLOW;

/** The error for another kind of file. For a folder it has the code of reading one. */
function notRegular(file: string, status: Stats): Error {
  const message = `${file} is ${kindOf(status)}; use a regular file instead`;
  return status.isDirectory()
    ? Object.assign(new Error(message), { code: "EISDIR" })
    : new ImageError("unsupported", message);
}
