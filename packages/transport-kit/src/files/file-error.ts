import path from "node:path";

import { ImageError } from "@drayage/core";
import type { ImageErrorCode } from "@drayage/core";

import { isTemporaryName } from "./temporary-name.ts";

/**
 * Runs an operation on a file or folder and converts system errors to an `ImageError` with advice. `ENOENT` and `ENOTDIR`
 * are not converted. @throws ImageError `denied`, `unavailable`, `invalid-reference`
 */
export async function withFileErrors<Result>(
  file: string,
  operation: () => Promise<Result>,
): Promise<Result> {
  try {
    return await operation();
  } catch (error) {
    throw imageErrorFor(error, file);
  }
}

/**
 * Like `withFileErrors` for a file whose folder existed before. Also converts the error for a missing folder, which has been
 * removed. @throws ImageError also `conflict`
 */
export async function withWriteErrors<Result>(
  file: string,
  operation: () => Promise<Result>,
): Promise<Result> {
  try {
    return await withFileErrors(file, operation);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
    const message = `${visiblePathOf(file)} was removed or replaced while it was written to; nothing was stored, so copy again`;
    throw new ImageError("conflict", message, { cause, retryable: true });
  }
}

/** The path without temporary files and folders, which users do not know. */
function visiblePathOf(file: string): string {
  const folders = file.split(path.sep);
  const temporary = folders.findIndex(isTemporaryName);
  return temporary < 1 ? file : folders.slice(0, temporary).join(path.sep);
}

/** Converts a system error to an `ImageError` with advice. Returns an unknown error unchanged. */
export function imageErrorFor(cause: unknown, file: string): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (reason === undefined) return cause;
  const { code: imageCode, retryable = false } = reason;
  return new ImageError(imageCode, reason.message(visiblePathOf(file)), { cause, retryable });
}

interface Reason {
  readonly code: ImageErrorCode;
  readonly message: (file: string) => string;
  readonly retryable?: boolean;
}

const full: Reason = {
  code: "unavailable",
  message: (file) => `The disk that holds ${file} is full; free some space`,
};
const forbidden: Reason = {
  code: "denied",
  message: (file) => `No permission for ${file}; check its owner and mode`,
};
const tooManyFiles: Reason = {
  code: "unavailable",
  message: (file) =>
    `Too many files are open to use ${file}; raise the limit (ulimit -n), or copy fewer blobs at once`,
  retryable: true,
};
/** By error code (errno(3)). */
const reasons: Readonly<Record<string, Reason>> = {
  ENOSPC: full,
  EDQUOT: {
    code: "unavailable",
    message: (file) =>
      `The disk quota for ${file} is full; free some space, or ask for a higher quota`,
  },
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: {
    code: "denied",
    message: (file) =>
      `${file} is on a read-only file system; choose another location, or mount it writable`,
  },
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  ESTALE: {
    code: "unavailable",
    message: (file) => `The file server no longer has ${file}; mount the file system again`,
    retryable: true,
  },
  ENXIO: {
    code: "unsupported",
    message: (file) =>
      `${file} is a socket, or a device that does not exist; use a file or a pipe instead`,
  },
  EFBIG: {
    code: "unavailable",
    message: (file) =>
      `${file} would be larger than its file system or the limit of this process (ulimit -f) allows`,
  },
  ENAMETOOLONG: {
    code: "invalid-reference",
    message: (file) => `The name ${file} is too long for the file system; choose a shorter one`,
  },
  ELOOP: {
    code: "invalid-reference",
    message: (file) => `${file} contains a loop of symbolic links; remove one of them`,
  },
};

/** Whether a system error has one of these codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && codes.includes(code);
}
