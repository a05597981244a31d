import type { HeldMemory } from "./part-memory.ts";

/** The most that is passed on as one chunk, in bytes. */
const pieceSize = 1 << 20;

/** A range that is read into memory before somebody wants it. Begins at once. */
export class RangeAhead implements AsyncDisposable {
  readonly #held: HeldMemory;
  readonly #filled: Promise<void>;
  #size = 0;
  #isFilled = false;
  #arrived = Promise.withResolvers<void>();

  constructor(bytes: AsyncIterable<Uint8Array>, held: HeldMemory) {
    this.#held = held;
    this.#filled = this.#fill(bytes);
    this.#filled.catch(() => {});
  }

  /** As far as it has come, then as it comes: in the very memory where chunks are lent, else copies. */
  async *read(areLent = false): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; ;) {
      const piece = this.#held.buffer.subarray(at, Math.min(this.#size, at + pieceSize));
      at += piece.byteLength;
      if (piece.byteLength > 0) yield areLent ? piece : new Uint8Array(piece);
      else if (this.#isFilled) break;
      else await this.#arrived.promise;
    }
    await this.#filled;
  }

  /** Waits until nothing is written to the memory any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#filled.catch(() => {});
    this.#held[Symbol.dispose]();
  }

  async #fill(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of bytes) {
        this.#held.buffer.set(chunk, this.#size);
        this.#size += chunk.byteLength;
        this.#arrived.resolve();
        this.#arrived = Promise.withResolvers();
      }
    } finally {
      this.#isFilled = true;
      this.#arrived.resolve();
    }
  }
}
