import type { FileHandle } from "node:fs/promises";

/** Bytes after which a sync starts. */
const distance = 32 << 20;
/** One at a time per process: other work needs the threads that wait for the disk. */
let isBegun = false;

/**
 * Syncs a file to the disk while more of it is written. Little is left to sync at the end, when the other files of an
 * image are synced as well.
 */
export class FileSync {
  readonly #handle: FileHandle;
  #begun: Promise<void> = Promise.resolve();
  #left = distance;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Records that many more written bytes. */
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
    // Systems report a failed sync once: `finish` reports it to the caller.
    this.#begun.catch(() => {});
  }

  /** Syncs the rest of the file. */
  async finish(): Promise<void> {
    await this.#begun;
    await this.#handle.datasync();
  }

  /** Waits for a running sync, whatever its result: the file may be closed. */
  async stop(): Promise<void> {
    await this.#begun.catch(() => {});
  }
}
