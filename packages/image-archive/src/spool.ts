import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ByteRange, OperationOptions } from "@drayage/core";
import { BatchWriter, onDisk, StagedFolder } from "@drayage/core/files";

import { openFile } from "./file-access.ts";
import type { RandomAccessBytes } from "./random-access.ts";

/**
 * Keeps what can be read once only in a file below the system's folder for temporary files, `TMPDIR`, until it is
 * disposed of; what a killed process left there is removed by the next one.
 * @throws ImageError `unavailable` for a full disk; what the stream throws
 */
export async function spooled(
  bytes: AsyncIterable<Uint8Array>,
  place: string,
  options: OperationOptions = {},
): Promise<RandomAccessBytes> {
  options.signal?.throwIfAborted();
  const folder = await StagedFolder.open(tmpdir());
  try {
    const file = path.join(folder.stage, "spooled");
    await writeAll(bytes, file, options);
    return new Spool(await openFile(file, place), folder);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function writeAll(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  { signal }: OperationOptions,
): Promise<void> {
  await using handle = await onDisk(file, () => open(file, "wx", 0o600));
  const writer = new BatchWriter(handle, file, {});
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    await writer.write(chunk);
  }
  await writer.finish();
}

class Spool implements RandomAccessBytes {
  readonly #file: RandomAccessBytes;
  readonly #folder: StagedFolder;

  constructor(file: RandomAccessBytes, folder: StagedFolder) {
    this.#file = file;
    this.#folder = folder;
  }

  get place(): string {
    return this.#file.place;
  }

  get size(): number {
    return this.#file.size;
  }

  get parallelReads(): number {
    return this.#file.parallelReads;
  }

  read(range: ByteRange, options?: OperationOptions): AsyncIterable<Uint8Array> {
    return this.#file.read(range, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
