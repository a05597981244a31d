import { lstatSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode } from "./file-error.ts";
import { isWritableOnlyByUser } from "./file-owner.ts";

/**
 * Creates a private folder of this user and its parents, or checks an existing one.
 * @throws ImageError `denied` for a folder that others may write to; the system error if it cannot be created
 */
export function makeOwnFolder(folder: string): void {
  make(path.resolve(folder));
  if (isWritableOnlyByUser(statSync(folder))) return;
  throw new ImageError(
    "denied",
    `${folder} belongs to another user, or others may write to it; run chmod 700 on it, or choose another folder`,
  );
}

/** Whether the name is a regular file, not a link, that no other user can have written. */
export function isOwnFile(file: string): boolean {
  const status = lstatSync(file, { throwIfNoEntry: false });
  return status?.isFile() === true && isWritableOnlyByUser(status);
}

/** Like `makeFolder`, because `mkdir` of Node with `recursive` never ends below `/proc`. */
function make(folder: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      mkdirSync(folder, { mode: 0o700 });
      return;
    } catch (error) {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
      const above = path.dirname(folder);
      if (!hasCode(error, "ENOENT") || above === folder || attempt > maxAttempts) throw error;
      make(above);
    }
  }
}

const maxAttempts = 5;
