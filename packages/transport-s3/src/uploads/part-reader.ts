import type { PartMemory } from "@drayage/transport-kit/wire";

/** A part of a blob in memory. Disposal releases the memory. */
export interface BufferedPart extends Disposable {
  readonly bytes: Uint8Array;
  /** Whether it is the last part. */
  readonly isLast: boolean;
}

/** Cuts a stream into parts of one size. Chunks are copied, so their buffers may be reused. */
export class PartReader implements AsyncDisposable {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #partSize: number;
  readonly #memory: PartMemory;
  /** Bytes that were read and are not yet in a part. */
  #rest: Uint8Array | undefined;
  #hasEnded = false;

  constructor(bytes: AsyncIterable<Uint8Array>, partSize: number, memory: PartMemory) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#partSize = partSize;
    this.#memory = memory;
  }

  /** Waits for memory, then reads the next part. @throws the errors of the stream */
  async next(signal?: AbortSignal): Promise<BufferedPart> {
    const memory = await this.#memory.take(this.#partSize, signal);
    try {
      const bytes = await this.#fill(memory.buffer);
      // The end of the stream verifies it, so read ahead before the last part is used.
      await this.#peek();
      const dispose = (): void => memory[Symbol.dispose]();
      return { bytes, isLast: this.#hasEnded, [Symbol.dispose]: dispose };
    } catch (error) {
      memory[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.#iterator.return?.();
  }

  async #fill(buffer: Uint8Array): Promise<Uint8Array> {
    let filled = 0;
    while (filled < buffer.byteLength) {
      const chunk = await this.#peek();
      if (chunk === undefined) break;
      const taken = chunk.subarray(0, buffer.byteLength - filled);
      buffer.set(taken, filled);
      filled += taken.byteLength;
      this.#rest = chunk.subarray(taken.byteLength);
    }
    return buffer.subarray(0, filled);
  }

  async #peek(): Promise<Uint8Array | undefined> {
    while (!this.#hasEnded && !this.#rest?.byteLength) {
      const { done, value } = await this.#iterator.next();
      this.#hasEnded = done === true;
      this.#rest = done === true ? undefined : value;
    }
    return this.#rest;
  }
}
