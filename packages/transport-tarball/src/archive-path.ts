import { statSync } from "node:fs";
import path from "node:path";

import { explicitPathOf } from "@drayage/core";

/**
 * The absolute path of an archive without symbolic links; pipes and devices are left as they are named.
 * @throws ImageError `invalid-reference` where the folder above is missing or the path is a dangling link
 */
export function archivePathOf(given: string): string {
  return isStream(given) ? path.resolve(given) : explicitPathOf(given);
}

/** True for what is read and written in order only: a pipe, a terminal. */
export function isStream(file: string): boolean {
  const status = statSync(file, { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}
