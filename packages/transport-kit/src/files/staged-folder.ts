import { mkdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode, withFileErrors, withWriteErrors } from "./file-error.ts";
import { makeFolder, removeEmptyFolders } from "./folders.ts";
import { OpenFolder } from "./open-folder.ts";
import { sweep } from "./sweep.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * A folder that is being changed. New files are in `stage`, a temporary folder inside it, until they are published.
 * Disposal removes the stage with the remaining files, and the folder if it is new and empty. The stage of a killed process
 * is removed when the folder is opened the next time.
 */
export class StagedFolder implements AsyncDisposable {
  readonly stage: string;
  readonly #folder: string;
  readonly #made: string | undefined;

  private constructor(folder: string, stage: string, made: string | undefined) {
    this.#folder = folder;
    this.stage = stage;
    this.#made = made;
  }

  /** Creates the folder if it does not exist. @throws ImageError `denied`, `unavailable`, `conflict` */
  static async open(folder: string): Promise<StagedFolder> {
    const stage = path.join(folder, temporaryName());
    for (let attempt = 1; ; attempt++) {
      const made = await makeFolder(folder);
      await sweep(folder);
      try {
        // No other user may add files to it.
        await withFileErrors(folder, () => mkdir(stage, { mode: 0o700 }));
        return new StagedFolder(folder, stage, made);
      } catch (error) {
        // Another copy that had created the folder may have removed it.
        if (hasCode(error, "ENOENT") && attempt < maxAttempts) continue;
        if (made !== undefined) await removeEmptyFolders(folder, made);
        if (hasCode(error, "ENOENT") && made === undefined) throw noFilesAllowed(folder, error);
        return withWriteErrors(folder, () => Promise.reject(error as Error));
      }
    }
  }

  /** Removes unpublished files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await removeStage(this.#folder, path.basename(this.stage));
    if (this.#made !== undefined) await removeEmptyFolders(this.#folder, this.#made);
  }
}

const maxAttempts = 5;

/** The error for a file system that does not allow files, such as `/proc`. */
function noFilesAllowed(folder: string, cause: unknown): ImageError {
  const message = `The file system of ${folder} does not allow new files; choose another folder`;
  return new ImageError("unavailable", message, { cause, retryable: false });
}

/** Uses the open folder, so that another user cannot redirect the removal by renaming. */
async function removeStage(folder: string, name: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (opened.isSafe) await opened.remove(name);
}
