import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { hasCode, withWriteErrors } from "./file-error.ts";
import { temporaryName } from "./temporary-name.ts";

/** Facts about a written file. */
export interface WrittenFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A complete, verified and synced file without a final name. Disposing removes it unless it was published. */
export class TemporaryFile implements WrittenFile, AsyncDisposable {
  readonly digest: Digest;
  readonly size: number;
  #path: string | undefined;

  constructor(file: string, { digest, size }: WrittenFile) {
    this.#path = file;
    this.digest = digest;
    this.size = size;
  }

  /**
   * Renames it to its final name on the same file system, and replaces an existing file; durable once the folder is
   * synced.
   */
  async moveTo(file: string): Promise<void> {
    const from = this.#path;
    if (from === undefined) return;
    await withWriteErrors(file, () => rename(from, file)).catch((cause: unknown) => {
      throw hasCode(cause, "EISDIR", "EEXIST", "ENOTEMPTY") ? isFolder(file, cause) : cause;
    });
    this.#path = undefined;
  }

  /** Removes the file unless it was published. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }
}

function isFolder(file: string, cause: unknown): ImageError {
  const message = `${file} is a folder, and a file must be written there: remove it, or choose another destination`;
  return new ImageError("conflict", message, { cause });
}

/** Writes a new file in that folder. If the work fails, the file is removed. */
export async function newTemporary(
  folder: string,
  fill: (handle: FileHandle, file: string) => Promise<WrittenFile>,
  mode = 0o644,
): Promise<TemporaryFile> {
  const file = path.join(folder, temporaryName());
  const handle = await withWriteErrors(folder, () => open(file, "wx", mode));
  try {
    const written = await fill(handle, file);
    await handle.close();
    return new TemporaryFile(file, written);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(file, { force: true });
    throw error;
  }
}
