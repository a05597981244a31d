import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { Writable } from "node:stream";
import { isatty, ReadStream } from "node:tty";
import { isMainThread } from "node:worker_threads";

import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { delay } from "../wire/abortable.ts";
import { explained, hasCode } from "./file-error.ts";

/** Timeouts for a pipe, in milliseconds. */
export interface PipeOptions extends OperationOptions {
  /** Until a writer opens it. Default: one minute. */
  readonly writerDelay?: number | undefined;
  /** Until the next bytes of a writer. Default: none. */
  readonly maxSilence?: number | undefined;
}

/**
 * The bytes of a named pipe or a character device, as they arrive. No thread waits for it, so an abort ends the reading
 * at once. A pipe without a writer is empty after `writerDelay`. @throws ImageError `unavailable` after `maxSilence`;
 * else the error of the system
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
    // A pipe without a writer yet looks like one that has ended.
    if (!isEmpty || !pipe.isFIFO || performance.now() - start > writerDelay) return;
    await delay(interval, signal);
  }
  yield* pipe.rest({ signal, maxSilence });
}

/** Writes into a named pipe; its reader may open it later. No thread waits for the reader. */
export function pipeWriter(file: string): Writable {
  let socket: Writable | undefined;
  return new Writable({
    construct(done) {
      const open = async (): Promise<void> => {
        try {
          while (socket === undefined && !this.destroyed) {
            const fd = openedForWriting(file);
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

/** Milliseconds between two checks of a pipe without another end. */
const interval = 10;
/** The same for a pipe that is open at both ends. */
const shortInterval = 1;

/**
 * A socket closes its file descriptor without the knowledge of `fs` of Node. When a worker ends, it closes the
 * descriptors that `fs` knows again, and with them any file that has got the same number since.
 */
const usesSockets = isMainThread;
const chunkSize = 1 << 16;

/** Undefined while there is no reader. */
function openedForWriting(file: string): number | undefined {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ENXIO")) return undefined;
    throw error;
  }
}

/** Writes as much as the pipe has room for, then checks again. */
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

/** How many bytes fitted into the pipe. */
function writeNow(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (hasCode(error, "EAGAIN")) return 0;
    throw error;
  }
}

/** Opening fails for missing devices, and for those that this user may not read. */
function opened(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw explained(error, file);
  }
}

type RestOptions = Pick<PipeOptions, "signal"> & { readonly maxSilence: number };

/** Opened and read without blocking. */
class OpenPipe implements Disposable {
  readonly isFIFO: boolean;
  readonly #file: string;
  readonly #fd: number;
  #socket: Socket | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#fd = opened(file);
    this.isFIFO = fstatSync(this.#fd).isFIFO();
  }

  /** Empty at the end; undefined if there are no bytes yet. */
  readNow(): Uint8Array | undefined {
    const chunk = Buffer.allocUnsafe(chunkSize);
    try {
      return chunk.subarray(0, readSync(this.#fd, chunk));
    } catch (error) {
      if (hasCode(error, "EAGAIN")) return undefined;
      throw error;
    }
  }

  /** The system reports the end of a pipe only to a reader that has seen a writer: call it after `readNow` has. */
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
      const message = `${this.#file} is a device that cannot be read; name a file or a pipe instead`;
      throw new ImageError("unsupported", message, { cause });
    }
  }

  #silence(): ImageError {
    const message = `${this.#file} sent no bytes for too long; its writer may hang`;
    return new ImageError("unavailable", message, { retryable: false });
  }
}
