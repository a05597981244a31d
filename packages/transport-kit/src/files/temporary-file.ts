import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { ImageError } from "@drayage/core";
import type { Digest } from "@drayage/core";

import { hasCode, withWriteErrors } from "./file-error.ts";
import { temporaryName } from "./temporary-name.ts";

/** The digest and size of a written file. */
export interface WrittenFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A complete, verified and synced file with a temporary name. Disposal removes it unless it was moved. */
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
   * Renames the file to its final name on the same file system and replaces an existing file. Durable after a sync of the
   * folder.
   */
  async moveTo(file: string): Promise<void> {
    const from = this.#path;
    if (from === undefined) return;
    await withWriteErrors(file, () => rename(from, file)).catch((cause: unknown) => {
      throw hasCode(cause, "EISDIR", "EEXIST", "ENOTEMPTY") ? isFolder(file, cause) : cause;
    });
    this.#path = undefined;
  }

  /** Removes the file unless it was moved. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }
}

function isFolder(file: string, cause: unknown): ImageError {
  const message = `${file} is a folder, but must be a file; remove it, or choose another destination`;
  return new ImageError("conflict", message, { cause });
}

/** Writes a new file in a folder. Removes it if `fill` fails. */
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
