import type { FileHandle } from "node:fs/promises";

import { withFileErrors } from "./file-error.ts";

/** Bytes per write. Chunks from the network are smaller. */
const batchSize = 1 << 19;

/** The part of a file that a `BatchWriter` writes. */
export interface BatchTarget {
  /** The offset in the file of the first byte. Default: the end of the previous write. */
  readonly start?: number | undefined;
  /** The number of bytes, if known. */
  readonly size?: number | undefined;
}

/**
 * Collects chunks in one batch while another one is written. Chunks are copied, because retained ones would be promoted by
 * the garbage collector, which would take a quarter of the time of a copy.
 */
export class BatchWriter {
  readonly #handle: FileHandle;
  readonly #file: string;
  #batch: Uint8Array;
  #spare: Uint8Array;
  #length = 0;
  #at: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `file`: the name of the file or its folder in messages. */
  constructor(handle: FileHandle, file: string, { start, size = Infinity }: BatchTarget) {
    this.#handle = handle;
    this.#file = file;
    this.#at = start;
    this.#batch = Buffer.allocUnsafeSlow(Math.min(size, batchSize));
    this.#spare = size > batchSize ? Buffer.allocUnsafeSlow(batchSize) : this.#batch;
  }

  /** Copies the chunk. @throws ImageError `denied`, `unavailable` for this chunk or an earlier one */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + this.#batch.byteLength - this.#length);
      this.#batch.set(part, this.#length);
      this.#length += part.byteLength;
      at += part.byteLength;
      if (this.#length === this.#batch.byteLength) await this.#send();
    }
  }

  /** Waits until everything is written, also after a failure, so that no write happens later. */
  async finish(): Promise<void> {
    await this.#send();
    await this.#writing;
  }

  async #send(): Promise<void> {
    await this.#writing;
    const batch = this.#batch.subarray(0, this.#length);
    [this.#batch, this.#spare] = [this.#spare, this.#batch];
    this.#length = 0;
    this.#writing = withFileErrors(this.#file, () => this.#writeAll(batch));
    // The next call throws the error.
    this.#writing.catch(() => {});
  }

  /** Writes all bytes, because one write may be incomplete. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const left = bytes.byteLength - at;
      const { bytesWritten } = await this.#handle.write(bytes, at, left, this.#at ?? null);
      at += bytesWritten;
      if (this.#at !== undefined) this.#at += bytesWritten;
    }
  }
}
