import { statSync } from "node:fs";
import path from "node:path";

import { explicitPathOf } from "@drayage/core";

/**
 * The absolute path of an archive without symbolic links; pipes and devices are left as they are named.
 * @throws ImageError `invalid-reference` where the folder above is missing or the path is a dangling link
 */
export function archivePathOf(given: string): string {
  if (given === dash) return dash;
  return isStream(given) ? path.resolve(given) : explicitPathOf(given);
}

/** What is read and written in order only: a pipe, a terminal, `-` for standard input and output. */
export function isStream(file: string): boolean {
  if (file === dash) return true;
  const status = statSync(file, { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

/** Which of the open files of this process it names, as it is read or written; some of them, as sockets, cannot be opened again. */
export function descriptorOf(file: string, use: "read" | "write"): number | undefined {
  if (file === dash) return use === "read" ? 0 : 1;
  const named = standardStreams.indexOf(file);
  if (named >= 0) return named;
  const number = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(file)?.[1];
  return number === undefined ? undefined : Number(number);
}

const dash = "-";
const standardStreams = ["/dev/stdin", "/dev/stdout", "/dev/stderr"];
