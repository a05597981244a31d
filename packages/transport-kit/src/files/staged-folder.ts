import { mkdir } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";

import { hasCode, onDisk, whileWriting } from "./file-error.ts";
import { makeFolder, removeEmptyFolders } from "./folders.ts";
import { OpenFolder } from "./open-folder.ts";
import { sweep } from "./sweep.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * A folder that is being changed: what is new lies in `stage`, a temporary folder inside it, until it gets its name.
 * Disposed of, the stage is gone with all that is still in it, and so is the folder itself if it was made for this and
 * stayed empty. A stage of a killed process is removed when the folder is opened the next time.
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

  /** Makes the folder where it is not there. @throws ImageError `denied`, `unavailable`, `conflict` */
  static async open(folder: string): Promise<StagedFolder> {
    const stage = path.join(folder, temporaryName());
    for (let attempt = 1; ; attempt++) {
      const made = await makeFolder(folder);
      await sweep(folder);
      try {
        // Nobody else may put anything into it.
        await onDisk(folder, () => mkdir(stage, { mode: 0o700 }));
        return new StagedFolder(folder, stage, made);
      } catch (error) {
        // The copy that had made the folder may just have removed it again.
        if (hasCode(error, "ENOENT") && attempt < maxAttempts) continue;
        if (made !== undefined) await removeEmptyFolders(folder, made);
        if (hasCode(error, "ENOENT") && made === undefined) throw takesNone(folder, error);
        return whileWriting(folder, () => Promise.reject(error as Error));
      }
    }
  }

  /** Removes what was not published. */
  async [Symbol.asyncDispose](): Promise<void> {
    await removeStage(this.#folder, path.basename(this.stage));
    if (this.#made !== undefined) await removeEmptyFolders(this.#folder, this.#made);
  }
}

const maxAttempts = 5;

/** Where the folder itself is there, as `/proc` is. */
function takesNone(folder: string, cause: unknown): ImageError {
  const message = `Nothing can be made in ${folder}: its file system takes no files; choose another place`;
  return new ImageError("unavailable", message, { cause, retryable: false });
}

/** By way of the open folder: another user who may rename in it cannot have anything else removed. */
async function removeStage(folder: string, name: string): Promise<void> {
  const found = await OpenFolder.open(folder).catch(() => undefined);
  if (found === undefined) return;
  await using opened = found;
  if (opened.isSafe) await opened.remove(name);
}
