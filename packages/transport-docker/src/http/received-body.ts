import type { Dispatcher } from "undici";

import type { ReceiveBuffers } from "./receive-buffers.ts";

/** Bytes that may wait to be read; above it the connection waits. */
const mostWaiting = 1 << 19;
/** Bytes that it takes less time to read than to open another connection. */
const mostDiscarded = 1 << 17;

type Controller = Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">;

/**
 * The body of an answer, in the very memory that it was received in. A `Readable` would put chunks together, in memory
 * of its own, that one who reads late finds.
 */
export class ReceivedBody {
  readonly #controller: Controller;
  readonly #buffers: ReceiveBuffers;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #ended: { readonly failure?: Error | undefined } | undefined;
  #news = Promise.withResolvers<void>();

  constructor(controller: Controller, buffers: ReceiveBuffers) {
    this.#controller = controller;
    this.#buffers = buffers;
  }

  add(chunk: Uint8Array): void {
    const last = this.#chunks.at(-1);
    const together = last && joined(last, chunk);
    if (together === undefined) {
      this.#buffers.lend(chunk);
      this.#chunks.push(chunk);
    } else {
      this.#chunks.splice(-1, 1, together);
    }
    this.#waiting += chunk.byteLength;
    if (this.#waiting >= mostWaiting) this.#controller.pause();
    this.#news.resolve();
  }

  end(failure?: Error): void {
    this.#ended ??= { failure };
    this.#news.resolve();
  }

  /**
   * To be read once. A chunk is good until the next is asked for: its memory is read into again then. Whoever leaves
   * before the end closes the connection. @throws what the body broke off with
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
          yield chunk;
          this.#buffers.giveBack(chunk);
        }
        if (this.#ended !== undefined) break;
        await this.#news.promise;
        this.#news = Promise.withResolvers();
      }
      if (this.#ended.failure !== undefined) throw this.#ended.failure;
    } finally {
      this.#leave();
    }
  }

  /** What nobody wants: read to its end where that is near, so that the connection can be used again. */
  async discard(): Promise<void> {
    let size = 0;
    try {
      for await (const chunk of this) {
        size += chunk.byteLength;
        if (size > mostDiscarded) break;
      }
    } catch {
      // Nobody wanted it.
    }
  }

  #next(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#waiting -= chunk.byteLength;
    if (this.#waiting < mostWaiting) this.#controller.resume();
    return chunk;
  }

  #leave(): void {
    if (this.#ended === undefined) this.#controller.abort(new Error("The rest is not wanted"));
  }
}

/** What came in parts, as records of TLS do, into one piece of memory. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array | undefined {
  if (first.buffer !== second.buffer) return undefined;
  if (first.byteOffset + first.byteLength !== second.byteOffset) return undefined;
  return new Uint8Array(first.buffer, first.byteOffset, first.byteLength + second.byteLength);
}
