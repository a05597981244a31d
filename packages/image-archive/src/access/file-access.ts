import type { FileHandle } from "node:fs/promises";

import type { ByteRange } from "@drayage/core";
import { handleBytes, openRegularFile } from "@drayage/transport-kit/files";

import type { RandomAccessBytes, ReadOptions } from "../tar/random-access.ts";

/** Opens a file that stays the same one, whatever gets its name while it is open. @throws ImageError `denied`, `unsupported` for what is no regular file */
export async function openFile(file: string, place: string = file): Promise<RandomAccessBytes> {
  return FileAccess.of(await openRegularFile(file), place);
}

/** What is open already. Closes it. */
export class FileAccess implements RandomAccessBytes {
  readonly place: string;
  readonly size: number;
  readonly parallelReads = 6;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, place: string, size: number) {
    this.#handle = handle;
    this.place = place;
    this.size = size;
  }

  static async of(handle: FileHandle, place: string): Promise<FileAccess> {
    try {
      const { size } = await handle.stat();
      return new FileAccess(handle, place, size);
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
