import type { FileHandle } from "node:fs/promises";

/** Bytes after which it is worth it to begin. */
const distance = 32 << 20;
/** One at a time in this process: others need the threads that wait for the disk. */
let isBegun = false;

/**
 * Gets what is written to a file onto the disk while more of it is written, so that there is little left to wait for in
 * the end, when the other files of an image are waited for as well.
 */
export class FileSync {
  readonly #handle: FileHandle;
  #begun: Promise<void> = Promise.resolve();
  #left = distance;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** So many bytes more are written. */
  written(bytes: number): void {
    this.#left -= bytes;
    if (this.#left > 0 || isBegun) return;
    this.#left = distance;
    isBegun = true;
    this.#begun = this.#begun
      .then(() => this.#handle.datasync())
      .finally(() => {
        isBegun = false;
      });
    // Systems tell a failure once: it is told to whoever finishes.
    this.#begun.catch(() => {});
  }

  /** All of it is on the disk. */
  async finish(): Promise<void> {
    await this.#begun;
    await this.#handle.datasync();
  }

  /** Nothing goes on any more, whatever came of it: the file may be closed. */
  async stop(): Promise<void> {
    await this.#begun.catch(() => {});
  }
}
