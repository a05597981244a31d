import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Writable } from "node:stream";
import { isatty, ReadStream } from "node:tty";
import { isMainThread } from "node:worker_threads";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { delay } from "../wire/abortable.ts";
import { imageErrorFor, hasCode } from "./file-error.ts";

/** Timeouts for a pipe, in milliseconds. */
export interface PipeOptions extends OperationOptions {
  /** The wait for a writer. Default: one minute. */
  readonly writerDelay?: number | undefined;
  /** The wait for the next bytes. Default: unlimited. */
  readonly maxSilence?: number | undefined;
}

/**
 * Reads a named pipe or a character device. No thread blocks, so an abort takes effect at once. A pipe without a writer is
 * empty after `writerDelay`. @throws ImageError `unavailable` after `maxSilence`; else the system error
 */
export async function* pipeBytes(
  file: string,
  { signal, writerDelay = 60_000, maxSilence = Infinity }: PipeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const start = performance.now();
  using pipe = new OpenPipe(file);
  for (let isEmpty = true; ;) {
    signal?.throwIfAborted();
    const chunk = pipe.readNow();
    if (chunk === undefined) break;
    if (chunk.byteLength > 0) {
      isEmpty = false;
      yield chunk;
      continue;
    }
    // A pipe that has no writer yet looks like an ended one.
    if (!isEmpty || !pipe.isFIFO || performance.now() - start > writerDelay) return;
    await delay(interval, signal);
  }
  yield* pipe.rest({ signal, maxSilence });
}

/** Writes to a named pipe, whose reader may open it later. No thread blocks. */
export function pipeWriter(file: string): Writable {
  let socket: Writable | undefined;
  return new Writable({
    construct(done) {
      const open = async (): Promise<void> => {
        try {
          while (socket === undefined && !this.destroyed) {
            const fd = openForWriting(file);
            if (fd === undefined) await delay(interval, undefined);
            else socket = usesSockets ? new Socket({ fd, readable: false }) : pollingWriter(fd);
          }
        } catch (error) {
          done(error as Error);
          return;
        }
        socket?.on("error", (error) => this.destroy(error));
        done();
      };
      void open();
    },
    write(chunk: Uint8Array, _, done) {
      socket?.write(chunk, done);
    },
    final(done) {
      socket?.end(done);
    },
    destroy(error, done) {
      socket?.destroy();
      done(error);
    },
  });
}

/** Milliseconds between two checks for a reader or writer. */
const interval = 10;
/** Milliseconds between two reads or writes. */
const shortInterval = 1;

/**
 * `fs` of Node does not notice that a socket closes its descriptor. When a worker ends, Node closes the descriptors of `fs`
 * again, and with them any new file with the same number. So workers use no sockets.
 */
const usesSockets = isMainThread;
const chunkSize = 1 << 16;

/** Opens the pipe; undefined while there is no reader. */
function openForWriting(file: string): number | undefined {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ENXIO")) return undefined;
    throw error;
  }
}

/** Writes what fits into the pipe, and repeats that. */
function pollingWriter(fd: number): Writable {
  return new Writable({
    write(chunk: Uint8Array, _, done) {
      const writeFrom = (start: number): void => {
        if (this.destroyed) return;
        try {
          const end = start + writeNow(fd, chunk.subarray(start));
          if (end === chunk.byteLength) done();
          else setTimeout(writeFrom, shortInterval, end);
        } catch (error) {
          done(error as Error);
        }
      };
      writeFrom(0);
    },
    destroy(error, done) {
      closeSync(fd);
      done(error);
    },
  });
}

/** Writes without blocking. Returns the number of written bytes. */
function writeNow(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return 0;
    throw error;
  }
}

/** Opens the file without blocking. @throws ImageError for a missing device, or without permission */
function openForReading(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw imageErrorFor(error, file);
  }
}

type RestOptions = Pick<PipeOptions, "signal"> & { readonly maxSilence: number };

/** An open pipe or device that is read without blocking. */
class OpenPipe implements Disposable {
  readonly isFIFO: boolean;
  readonly #file: string;
  readonly #fd: number;
  #socket: Socket | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openForReading(file);
    this.isFIFO = fstatSync(this.#fd).isFIFO();
  }

  /** Reads the available bytes. Empty at the end; undefined if there are none yet. */
  readNow(): Uint8Array | undefined {
    const chunk = Buffer.allocUnsafe(chunkSize);
    try {
      return chunk.subarray(0, readSync(this.#fd, chunk));
    } catch (error) {
      if (hasCode(error, "EAGAIN")) return undefined;
      throw error;
    }
  }

  /** Reads to the end. Call it after `readNow` has found a writer, because the system reports the end only then. */
  rest(options: RestOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return usesSockets ? this.#received(options) : this.#polled(options);
  }

  async *#polled({ signal, maxSilence }: RestOptions): AsyncGenerator<Uint8Array, void, undefined> {
    for (let last = performance.now(); ;) {
      signal?.throwIfAborted();
      const chunk = this.readNow();
      if (chunk?.byteLength === 0) return;
      if (chunk === undefined) {
        if (performance.now() - last > maxSilence) throw this.#silence();
        await delay(shortInterval, signal);
        continue;
      }
      yield chunk;
      last = performance.now();
    }
  }

  async *#received({
    signal,
    maxSilence,
  }: RestOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const socket = this.#newSocket();
    this.#socket = socket;
    const abort = (): void => void socket.destroy(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    if (maxSilence < Infinity) socket.setTimeout(maxSilence, () => socket.destroy(this.#silence()));
    try {
      yield* socket as AsyncIterable<Uint8Array>;
    } finally {
      signal?.removeEventListener("abort", abort);
      signal?.throwIfAborted();
    }
  }

  [Symbol.dispose](): void {
    if (this.#socket === undefined) closeSync(this.#fd);
    else this.#socket.destroy();
  }

  #newSocket(): Socket {
    if (isatty(this.#fd)) return new ReadStream(this.#fd);
    try {
      return new Socket({ fd: this.#fd, readable: true, writable: false });
    } catch (cause) {
      const message = `${this.#file} is a device that cannot be read; use a file or a pipe instead`;
      throw new ImageError("unsupported", message, { cause });
    }
  }

  #silence(): ImageError {
    const message = `${this.#file} sent no bytes for too long; its writer may hang`;
    return new ImageError("unavailable", message, { retryable: false });
  }
}
