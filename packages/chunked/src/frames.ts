import { availableParallelism } from "node:os";

import { FrameCompressor } from "./frame-compressor.ts";

/** Where a frame is in the output; known when it was written. */
export interface FramePosition {
  start: number;
  end: number;
}

/** Compresses frames in parallel, and returns them in order. Tasks that need positions run in the same order. */
export class Frames {
  readonly #compressors: readonly FrameCompressor[];
  readonly #queue: Item[] = [];
  #pendingBytes = 0;
  #written = 0;

  constructor(level: number) {
    this.#compressors = Array.from({ length: threads }, () => new FrameCompressor(level));
  }

  /** The size of the output so far. */
  get written(): number {
    return this.#written;
  }

  /** Adds a frame. The bytes must not change. */
  add(bytes: Uint8Array): FramePosition {
    const position = { start: 0, end: 0 };
    const [first, ...others] = this.#compressors;
    const compressor = others.reduce(
      (least, one) => (one.pendingBytes < (least?.pendingBytes ?? 0) ? one : least),
      first,
    );
    const compressed = compressor?.frame(bytes) ?? Promise.resolve(bytes);
    // The error is thrown when the frame is taken.
    compressed.catch(() => {});
    this.#queue.push({ compressed, size: bytes.byteLength, position });
    this.#pendingBytes += bytes.byteLength;
    return position;
  }

  /** Runs a task when all frames before it are written. */
  andThen(task: () => Promise<void>): void {
    this.#queue.push(task);
  }

  /** Yields finished frames until little is pending. */
  async *ready(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#pendingBytes > maxPendingBytes || this.#queue.length > maxPendingItems)
      yield* this.#shift();
  }

  /** Yields all frames. */
  async *all(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#queue.length > 0) yield* this.#shift();
  }

  destroy(): void {
    for (const compressor of this.#compressors) compressor.destroy();
  }

  async *#shift(): AsyncGenerator<Uint8Array, void, undefined> {
    const item = this.#queue.shift();
    if (item === undefined) return;
    if (typeof item === "function") {
      await item();
      return;
    }
    const bytes = await item.compressed;
    this.#pendingBytes -= item.size;
    item.position.start = this.#written;
    this.#written += bytes.byteLength;
    item.position.end = this.#written;
    yield bytes;
  }
}

type Item =
  | (() => Promise<void>)
  | {
      readonly compressed: Promise<Uint8Array>;
      readonly size: number;
      readonly position: FramePosition;
    };

/** Node's pool has four threads by default, and one remains free for files and DNS. */
const threads = Math.min(availableParallelism(), 3);
const maxPendingBytes = 16 << 20;
const maxPendingItems = 256;
