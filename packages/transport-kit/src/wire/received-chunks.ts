import { ChunkQueue } from "./chunk-queue.ts";
import { MinimumRate, TooSlow } from "./minimum-rate.ts";

/** Settings of `ReceivedChunks`. */
export interface ReceivedChunksSettings {
  /** The number of unread bytes above which the connection is paused. */
  readonly maxUnread: number;
  /** Milliseconds of waiting at less than 1 KiB per second before the read fails. Default: unlimited. */
  readonly slowTimeout?: number | undefined;
  /** Called when the reader has finished with a chunk, so that its memory can be reused. */
  readonly release?: ((chunk: Uint8Array) => void) | undefined;
}

/** The part of a connection that `ReceivedChunks` controls. */
export interface PausableConnection {
  /** Stops reading. */
  pause(): void;
  /** Continues reading. */
  resume(): void;
}

/**
 * The chunks of a response body in the memory that they were received in. Iterating over a `Readable` would join the chunks
 * of a slow reader in new memory.
 */
export class ReceivedChunks {
  readonly #connection: PausableConnection;
  readonly #maxUnread: number;
  readonly #release: ReceivedChunksSettings["release"];
  readonly #rate: MinimumRate;
  readonly #unread = new ChunkQueue();
  /** The bytes since the start of the last wait. */
  #received = 0;
  #ended: { readonly failure: Error | undefined } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(
    connection: PausableConnection,
    { maxUnread, slowTimeout = Infinity, release }: ReceivedChunksSettings,
  ) {
    this.#connection = connection;
    this.#maxUnread = maxUnread;
    this.#release = release;
    this.#rate = new MinimumRate(slowTimeout);
  }

  /** Whether the connection has ended, with or without a failure. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Adds a received chunk. It is `kept`, `joined` with the previous chunk if both are adjacent in memory, or `copied`, so
   * that its memory can be reused.
   */
  add(chunk: Uint8Array): "kept" | "joined" | "copied" {
    const added = this.#unread.add(chunk);
    this.#received += chunk.byteLength;
    if (this.#unread.byteLength >= this.#maxUnread) this.#connection.pause();
    this.#changed.resolve();
    return added;
  }

  /** Ends the body. Only the first call counts. */
  end(failure?: Error): void {
    this.#ended ??= { failure };
    this.#changed.resolve();
  }

  /** Reads the chunks once. A chunk is valid until the next one is requested. @throws the failure of the connection */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
        yield chunk;
        this.#release?.(chunk);
      }
      if (this.#ended !== undefined) break;
      await this.#wait();
    }
    if (this.#ended.failure !== undefined) throw this.#ended.failure;
  }

  #next(): Uint8Array | undefined {
    const chunk = this.#unread.shift();
    if (chunk === undefined) return undefined;
    if (this.#unread.byteLength < this.#maxUnread) this.#connection.resume();
    return chunk;
  }

  async #wait(): Promise<void> {
    this.#received = 0;
    const start = performance.now();
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    if (!this.#rate.isKept(this.#received, performance.now() - start)) throw new TooSlow();
  }
}
