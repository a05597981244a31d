import { mkdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode, withFileErrors, withWriteErrors } from "./file-error.ts";
import { makeFolder, removeEmptyFolders } from "./folders.ts";
import { OpenFolder } from "./open-folder.ts";
import { sweep } from "./sweep.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * A folder that is being changed: new files are in `stage`, a temporary folder inside it, until they get their names.
 * Disposing removes the stage with everything that is still in it, and also the folder itself if it was made for this
 * and is empty. The stage of a killed process is removed when the folder is opened the next time.
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

  /** Makes the folder if it is missing. @throws ImageError `denied`, `unavailable`, `conflict` */
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
        // The copy that had made the folder may just have removed it again.
        if (hasCode(error, "ENOENT") && attempt < maxAttempts) continue;
        if (made !== undefined) await removeEmptyFolders(folder, made);
        if (hasCode(error, "ENOENT") && made === undefined) throw takesNone(folder, error);
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

/** For an existing folder that allows no files, such as `/proc`. */
function takesNone(folder: string, cause: unknown): ImageError {
  const message = `No files can be created in ${folder}: its file system does not allow it; choose another folder`;
  return new ImageError("unavailable", message, { cause, retryable: false });
}

/** Through the open folder: another user who may rename in it cannot redirect the removal. */
async function removeStage(folder: string, name: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (opened.isSafe) await opened.remove(name);
}
