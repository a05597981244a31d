import type { HeldMemory } from "./part-memory.ts";

/** The maximum size of a yielded chunk in bytes. */
const maxChunkSize = 1 << 20;

/** A range that is read into memory before its reader needs it. The read starts at once. */
export class RangeAhead implements AsyncDisposable {
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>;
  readonly #memory: HeldMemory;
  readonly #filled: Promise<void>;
  #size = 0;
  #isWanted = false;

  /** `chunks` may reuse buffers. */
  constructor(chunks: AsyncGenerator<Uint8Array, void, undefined>, memory: HeldMemory) {
    this.#chunks = chunks;
    this.#memory = memory;
    this.#filled = this.#fill();
    this.#filled.catch(() => {});
  }

  /** Yields the bytes in memory, then releases it. The chunks are valid until the next one is requested. */
  async *held(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#isWanted = true;
    await Promise.allSettled([this.#filled]);
    const bytes = this.#memory.buffer.subarray(0, this.#size);
    for (let at = 0; at < bytes.byteLength; at += maxChunkSize) {
      yield bytes.subarray(at, at + maxChunkSize);
    }
    this.#memory[Symbol.dispose]();
    await this.#filled;
  }

  /** The rest of the range. */
  rest(): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#chunks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWanted = true;
    await Promise.allSettled([this.#filled]);
    await this.#chunks.return();
    this.#memory[Symbol.dispose]();
  }

  async #fill(): Promise<void> {
    while (!this.#isWanted) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return;
      this.#memory.buffer.set(value, this.#size);
      this.#size += value.byteLength;
    }
  }
}
