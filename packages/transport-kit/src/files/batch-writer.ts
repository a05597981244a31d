import type { FileHandle } from "node:fs/promises";

import { withFileErrors } from "./file-error.ts";

/** Bytes per write; chunks from the network are smaller. */
const batchSize = 1 << 19;

/** Where and how much a `BatchWriter` writes. */
export interface BatchTarget {
  /** The offset in the file of the first byte. Default: the end of the previous write. */
  readonly start?: number | undefined;
  /** The number of bytes, if known. */
  readonly size?: number | undefined;
}

/**
 * Copies chunks into one batch while the other is written. Chunks that were kept until then would outlive the
 * collection of young objects, and a copy would spend a quarter of its time on collecting old ones.
 */
export class BatchWriter {
  readonly #handle: FileHandle;
  readonly #place: string;
  #batch: Uint8Array;
  #spare: Uint8Array;
  #gathered = 0;
  #at: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** `place` is what the user knows the file by, for messages. */
  constructor(handle: FileHandle, place: string, { start, size = Infinity }: BatchTarget) {
    this.#handle = handle;
    this.#place = place;
    this.#at = start;
    this.#batch = Buffer.allocUnsafeSlow(Math.min(size, batchSize));
    this.#spare = size > batchSize ? Buffer.allocUnsafeSlow(batchSize) : this.#batch;
  }

  /** Keeps nothing of the chunk. @throws ImageError `denied`, `unavailable` for this one or an earlier one */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + this.#batch.byteLength - this.#gathered);
      this.#batch.set(part, this.#gathered);
      this.#gathered += part.byteLength;
      at += part.byteLength;
      if (this.#gathered === this.#batch.byteLength) await this.#send();
    }
  }

  /** Waits until all of it is written, also after a failure: nobody else writes there from then on. */
  async finish(): Promise<void> {
    await this.#send();
    await this.#writing;
  }

  async #send(): Promise<void> {
    await this.#writing;
    const batch = this.#batch.subarray(0, this.#gathered);
    [this.#batch, this.#spare] = [this.#spare, this.#batch];
    this.#gathered = 0;
    this.#writing = withFileErrors(this.#place, () => this.#writeAll(batch));
    // A failure is told to whoever waits for it next.
    this.#writing.catch(() => {});
  }

  /** The system may take less than it is given. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const left = bytes.byteLength - at;
      const { bytesWritten } = await this.#handle.write(bytes, at, left, this.#at ?? null);
      at += bytesWritten;
      if (this.#at !== undefined) this.#at += bytesWritten;
    }
  }
}
