import { mkdir, rm } from "node:fs/promises";
import path from "node:path";

import { hasCode, onDisk } from "./file-error.ts";
import { makeFolder, removeEmptyFolders } from "./folders.ts";
import { sweep, temporaryName } from "./temporary-name.ts";

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

  /** Makes the folder where it is not there. @throws ImageError `denied`, `unavailable` */
  static async open(folder: string): Promise<StagedFolder> {
    const stage = path.join(folder, temporaryName());
    const made = await makeFolder(folder);
    await sweep(folder);
    try {
      await onDisk(folder, () => mkdir(stage));
    } catch (error) {
      // Whoever had made the folder has just removed it again.
      if (hasCode(error, "ENOENT")) return StagedFolder.open(folder);
      if (made !== undefined) await removeEmptyFolders(folder, made);
      throw error;
    }
    return new StagedFolder(folder, stage, made);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.stage, { recursive: true, force: true });
    if (this.#made !== undefined) await removeEmptyFolders(this.#folder, this.#made);
  }
}
