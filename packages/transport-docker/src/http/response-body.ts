import { ChunkQueue, MinimumRate, TooSlow } from "@drayage/transport-kit/wire";
import type { Dispatcher } from "undici";

import type { ReceiveBuffers } from "./receive-buffers.ts";

/** The maximum number of unread bytes. Above it, the connection is paused. */
const maxUnread = 1 << 19;
/** The maximum number of bytes that are faster to read than a new connection is to open. */
const maxDiscarded = 1 << 17;

type Controller = Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">;

/**
 * The body of a response, in the memory that it was received in. A `Readable` would copy the chunks of a slow reader
 * together.
 */
export class ResponseBody {
  readonly #controller: Controller;
  readonly #buffers: ReceiveBuffers;
  readonly #rate: MinimumRate;
  readonly #chunks: ChunkQueue = new ChunkQueue();
  /** The bytes since the start of the last wait. */
  #received = 0;
  #ended: { readonly failure?: Error | undefined } | undefined;
  #changed = Promise.withResolvers<void>();

  /** `grace`: as in `MinimumRate`. */
  constructor(controller: Controller, buffers: ReceiveBuffers, grace: number = Infinity) {
    this.#controller = controller;
    this.#buffers = buffers;
    this.#rate = new MinimumRate(grace);
  }

  add(chunk: Uint8Array): void {
    const added = this.#chunks.add(chunk);
    if (added !== "joined") this.#buffers.retain(chunk);
    if (added === "copied") this.#buffers.release(chunk);
    this.#received += chunk.byteLength;
    if (this.#chunks.byteLength >= maxUnread) this.#controller.pause();
    this.#changed.resolve();
  }

  end(failure?: Error): void {
    this.#ended ??= { failure };
    this.#changed.resolve();
  }

  /**
   * Reads the body once. A chunk is valid until the next one is requested, because its memory is reused. Leaving the loop
   * early closes the connection. @throws the error of the connection
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
          yield chunk;
          this.#buffers.release(chunk);
        }
        if (this.#ended !== undefined) break;
        await this.#wait();
      }
      if (this.#ended.failure !== undefined) throw this.#ended.failure;
    } finally {
      this.#closeIfUnread();
    }
  }

  /** Discards the body. Reads a short one to its end, so that the connection can be reused. */
  async discard(): Promise<void> {
    let size = 0;
    try {
      for await (const chunk of this) {
        size += chunk.byteLength;
        if (size > maxDiscarded) break;
      }
    } catch {
      // The body is not needed.
    }
  }

  #next(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    if (this.#chunks.byteLength < maxUnread) this.#controller.resume();
    return chunk;
  }

  async #wait(): Promise<void> {
    this.#received = 0;
    const start = performance.now();
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    if (!this.#rate.isKept(this.#received, performance.now() - start)) throw new TooSlow();
  }

  #closeIfUnread(): void {
    if (this.#ended === undefined)
      this.#controller.abort(new Error("The rest of the body is not needed"));
  }
}
