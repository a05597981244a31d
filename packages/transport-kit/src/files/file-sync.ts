import type { FileHandle } from "node:fs/promises";

/** The number of written bytes after which a sync starts. */
const interval = 32 << 20;
/** Only one sync runs in a process, because each occupies a thread. */
let isRunning = false;

/**
 * Syncs a file to the disk during the write, so that the sync at the end is short.
 */
export class FileSync {
  readonly #handle: FileHandle;
  #running: Promise<void> = Promise.resolve();
  #left = interval;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Records written bytes. */
  written(bytes: number): void {
    this.#left -= bytes;
    if (this.#left > 0 || isRunning) return;
    this.#left = interval;
    isRunning = true;
    this.#running = this.#running
      .then(() => this.#handle.datasync())
      .finally(() => {
        isRunning = false;
      });
    // Systems report a failed sync only once. `finish` throws it.
    this.#running.catch(() => {});
  }

  /** Syncs the rest of the file. */
  async finish(): Promise<void> {
    await this.#running;
    await this.#handle.datasync();
  }

  /** Waits for a running sync and ignores its result, before the file is closed. */
  async stop(): Promise<void> {
    await this.#running.catch(() => {});
  }
}
