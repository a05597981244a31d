import { ChunkQueue, MinimumRate, TooSlow } from "@drayage/transport-kit/wire";
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
  readonly #rate: MinimumRate;
  readonly #chunks: ChunkQueue = new ChunkQueue();
  /** Bytes since they were last waited for. */
  #received = 0;
  #ended: { readonly failure?: Error | undefined } | undefined;
  #news = Promise.withResolvers<void>();

  /** `patience` is how many milliseconds may be spent waiting for next to nothing. */
  constructor(controller: Controller, buffers: ReceiveBuffers, patience: number = Infinity) {
    this.#controller = controller;
    this.#buffers = buffers;
    this.#rate = new MinimumRate(patience);
  }

  add(chunk: Uint8Array): void {
    const added = this.#chunks.add(chunk);
    if (added !== "joined") this.#buffers.lend(chunk);
    if (added === "copied") this.#buffers.giveBack(chunk);
    this.#received += chunk.byteLength;
    if (this.#chunks.byteLength >= mostWaiting) this.#controller.pause();
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
        await this.#wait();
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
    if (this.#chunks.byteLength < mostWaiting) this.#controller.resume();
    return chunk;
  }

  async #wait(): Promise<void> {
    this.#received = 0;
    const begun = performance.now();
    await this.#news.promise;
    this.#news = Promise.withResolvers();
    if (!this.#rate.isKept(this.#received, performance.now() - begun)) throw new TooSlow();
  }

  #leave(): void {
    if (this.#ended === undefined) this.#controller.abort(new Error("The rest is not wanted"));
  }
}
