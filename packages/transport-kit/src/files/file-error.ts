import path from "node:path";

import { ImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";

import { isTemporaryName } from "./temporary-name.ts";

/**
 * Runs an operation on a file or folder, and turns errors of the system into errors that explain them. `ENOENT` and
 * `ENOTDIR` pass through. @throws ImageError `denied`, `unavailable`, `invalid-reference`
 */
export async function withFileErrors<Result>(
  file: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, file);
  }
}

/**
 * The same for a file whose folder existed before: a missing folder has been removed. @throws ImageError also
 * `conflict`
 */
export async function withWriteErrors<Result>(
  file: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await withFileErrors(file, work);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
    const place = placeOf(file);
    const message = `${place} was removed or replaced while it was written to; nothing was stored, so copy again`;
    throw new ImageError("conflict", message, { cause, retryable: true });
  }
}

/** Users know the destination, not the temporary file in it. */
function placeOf(file: string): string {
  const folders = file.split(path.sep);
  const temporary = folders.findIndex(isTemporaryName);
  return temporary < 1 ? file : folders.slice(0, temporary).join(path.sep);
}

/** The error of the system as an `ImageError` about the file, if its reason is known; else the error itself. */
export function explained(cause: unknown, file: string): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (reason === undefined) return cause;
  const { code: ours, retryable = false } = reason;
  return new ImageError(ours, reason.message(placeOf(file)), { cause, retryable });
}

interface Reason {
  readonly code: ImageErrorCode;
  readonly message: (place: string) => string;
  readonly retryable?: boolean;
}

const full: Reason = {
  code: "unavailable",
  message: (place) => `The disk that holds ${place} is full: free some space`,
};
const forbidden: Reason = {
  code: "denied",
  message: (place) => `No right to use ${place}: check its owner and mode`,
};
const tooManyFiles: Reason = {
  code: "unavailable",
  message: (place) =>
    `Too many files are open to use ${place}: raise the limit (ulimit -n), or copy fewer blobs at once`,
  retryable: true,
};
/** By the codes of the system (errno(3)). */
const reasons: Readonly<Record<string, Reason>> = {
  ENOSPC: full,
  EDQUOT: {
    code: "unavailable",
    message: (place) =>
      `The disk quota for ${place} is full: free some space, or ask for a higher quota`,
  },
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: {
    code: "denied",
    message: (place) =>
      `${place} is on a read-only file system: choose another place, or mount it for writing`,
  },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  ESTALE: {
    code: "unavailable",
    message: (place) => `The file server no longer knows ${place}: mount it again`,
    retryable: true,
  },
  ENXIO: {
    code: "unsupported",
    message: (place) =>
      `${place} is a socket, or a device that is not there; name a file or a pipe instead`,
  },
  EFBIG: {
    code: "unavailable",
    message: (place) =>
      `${place} would be larger than its file system or the limit of this process (ulimit -f) allows`,
  },
  ENAMETOOLONG: {
    code: "invalid-reference",
    message: (place) => `The name ${place} is too long for the file system: choose a shorter one`,
  },
  ELOOP: {
    code: "invalid-reference",
    message: (place) => `${place} leads through a loop of symbolic links`,
  },
};

/** Whether an error has one of these codes of the system, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && codes.includes(code);
}
