import { statSync } from "node:fs";
import type { Stats } from "node:fs";

import { absolutePathOf, explicitPathOf } from "@drayage/transport-kit/files";

/**
 * The absolute path of an archive without symbolic links. Pipes and devices keep their name.
 * @throws ImageError `invalid-reference` if the parent folder is missing or the path is a dangling link
 */
export function archivePathOf(path: string): string {
  if (path === dash) return dash;
  return isStream(path) ? absolutePathOf(path) : explicitPathOf(path);
}

/** Whether the path is sequential only: a pipe, a terminal, or `-` for standard input and output. */
export function isStream(file: string): boolean {
  if (file === dash) return true;
  const status = statusOf(file);
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

/** Whether the path is a named pipe or a character device; opening it may block until the other end is open. */
export function mayBlock(file: string): boolean {
  const status = statusOf(file);
  return status?.isFIFO() === true || status?.isCharacterDevice() === true;
}

/** Whether the path names standard input. Opening a socket again by its path fails. */
export function isStandardInput(file: string): boolean {
  return file === dash || /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/0)$/.test(file);
}

/** Whether the path names standard output. */
export function isStandardOutput(file: string): boolean {
  return file === dash || /^\/(?:dev\/stdout|(?:dev|proc\/self)\/fd\/1)$/.test(file);
}

/** Undefined if the path cannot be examined; the later use of the path reports the error. */
function statusOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const dash = "-";
