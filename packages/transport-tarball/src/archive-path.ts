import { statSync } from "node:fs";
import path from "node:path";

import { explicitPathOf } from "@drayage/core";

/**
 * The absolute path of an archive without symbolic links; pipes and devices are left as they are named.
 * @throws ImageError `invalid-reference` where the folder above is missing or the path is a dangling link
 */
export function archivePathOf(given: string): string {
  const status = statSync(given, { throwIfNoEntry: false });
  const isStream = status !== undefined && !status.isFile() && !status.isDirectory();
  return isStream ? path.resolve(given) : explicitPathOf(given);
}
