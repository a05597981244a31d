import { lstatSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode } from "./file-error.ts";
import { isWritableOnlyByUser } from "./file-owner.ts";

/**
 * Makes a private folder of this user, and its parents. An existing folder may be used only if no other user can write
 * to it. @throws ImageError `denied` for a folder that others may write to; the error of the system if it cannot be
 * made
 */
export function makeOwnFolder(folder: string): void {
  make(path.resolve(folder));
  if (isWritableOnlyByUser(statSync(folder))) return;
  throw new ImageError(
    "denied",
    `${folder} belongs to another user, or others may write to it: chmod 700 it, or choose another folder`,
  );
}

/** True for a regular file that no other user can have written, under this very name. */
export function isOwnFile(file: string): boolean {
  const status = lstatSync(file, { throwIfNoEntry: false });
  return status?.isFile() === true && isWritableOnlyByUser(status);
}

/** As `makeFolder`: `mkdir` of Node with `recursive` does not end below `/proc`. */
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
