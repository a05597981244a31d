import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { hasCode, whileWriting } from "./file-error.ts";
import { temporaryName } from "./temporary-name.ts";

/** What is known of a file that was written. */
export interface WrittenFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A file that is whole, true and on the disk, and has no name yet. Disposed of without one it is removed. */
export class TemporaryFile implements WrittenFile, AsyncDisposable {
  readonly digest: Digest;
  readonly size: number;
  #path: string | undefined;

  constructor(file: string, { digest, size }: WrittenFile) {
    this.#path = file;
    this.digest = digest;
    this.size = size;
  }

  /** Gives it its name on the same file system, in place of what is there; durable once the folder is synced. */
  async moveTo(file: string): Promise<void> {
    const from = this.#path;
    if (from === undefined) return;
    await whileWriting(file, () => rename(from, file)).catch((cause: unknown) => {
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
  const message = `${file} is a folder, where a file is to be written: remove it, or choose another destination`;
  return new ImageError("conflict", message, { cause });
}

/** Fills a new file in that folder. Where the work fails, nothing of it is left. */
export async function newTemporary(
  folder: string,
  fill: (handle: FileHandle, file: string) => Promise<WrittenFile>,
  mode = 0o644,
): Promise<TemporaryFile> {
  const file = path.join(folder, temporaryName());
  const handle = await whileWriting(folder, () => open(file, "wx", mode));
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
