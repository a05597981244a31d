import { statSync } from "node:fs";
import type { Stats } from "node:fs";

import { absolutePathOf, explicitPathOf } from "@drayage/transport-kit/files";

/**
 * The absolute path of an archive without symbolic links; pipes and devices are left as they are named.
 * @throws ImageError `invalid-reference` where the folder above is missing or the path is a dangling link
 */
export function archivePathOf(given: string): string {
  if (given === dash) return dash;
  return isStream(given) ? absolutePathOf(given) : explicitPathOf(given);
}

/** What is read and written in order only: a pipe, a terminal, `-` for standard input and output. */
export function isStream(file: string): boolean {
  if (file === dash) return true;
  const status = statusOf(file);
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

/** Whether it is a named pipe or a character device: opening it may wait for the other end. */
export function mayWait(file: string): boolean {
  const status = statusOf(file);
  return status?.isFIFO() === true || status?.isCharacterDevice() === true;
}

/** Whether it names standard input; opened again by its name, a socket would be refused. */
export function isStandardInput(file: string): boolean {
  return file === dash || /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/0)$/.test(file);
}

/** Whether it names standard output. */
export function isStandardOutput(file: string): boolean {
  return file === dash || /^\/(?:dev\/stdout|(?:dev|proc\/self)\/fd\/1)$/.test(file);
}

/** Undefined also where the system does not tell: using the path says why. */
function statusOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const dash = "-";
