import type { FileHandle } from "node:fs/promises";

import type { ByteRange } from "@drayage/core";
import { handleBytes, openRegularFile } from "@drayage/transport-kit/files";

import type { RandomAccessBytes, ReadOptions } from "../tar/random-access.ts";

/**
 * Opens a file. Replacing or renaming it later does not affect the open file.
 * @throws ImageError `denied`; `unsupported` if it is not a regular file
 */
export async function openFile(file: string, location: string = file): Promise<RandomAccessBytes> {
  return FileAccess.of(await openRegularFile(file), location);
}

/** Random access to an open file. Disposing of it closes the file. */
export class FileAccess implements RandomAccessBytes {
  readonly location: string;
  readonly size: number;
  readonly parallelReads = 6;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, location: string, size: number) {
    this.#handle = handle;
    this.location = location;
    this.size = size;
  }

  static async of(handle: FileHandle, location: string): Promise<FileAccess> {
    try {
      const { size } = await handle.stat();
      return new FileAccess(handle, location, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  read(range: ByteRange, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return handleBytes(this.#handle, { ...options, range });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
