import type { PartMemory } from "@drayage/transport-kit/wire";

/** Some bytes of a blob, in memory until they are disposed of. */
export interface HeldPart extends Disposable {
  readonly bytes: Uint8Array;
  /** Whether nothing comes behind it. */
  readonly isLast: boolean;
}

/** Cuts a stream into parts of one size. Chunks are copied, so their buffers may be reused. */
export class PartReader implements AsyncDisposable {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #partSize: number;
  readonly #memory: PartMemory;
  /** What was read and is not in any part. */
  #left: Uint8Array | undefined;
  #hasEnded = false;

  constructor(bytes: AsyncIterable<Uint8Array>, partSize: number, memory: PartMemory) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#partSize = partSize;
    this.#memory = memory;
  }

  /** Waits until there is memory for it, then for its bytes. @throws what the stream throws */
  async next(signal?: AbortSignal): Promise<HeldPart> {
    const held = await this.#memory.take(this.#partSize, signal);
    try {
      const bytes = await this.#fill(held.buffer);
      // Only its end says that a stream was right.
      await this.#look();
      const dispose = (): void => held[Symbol.dispose]();
      return { bytes, isLast: this.#hasEnded, [Symbol.dispose]: dispose };
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.#iterator.return?.();
  }

  async #fill(buffer: Uint8Array): Promise<Uint8Array> {
    let at = 0;
    while (at < buffer.byteLength) {
      const chunk = await this.#look();
      if (chunk === undefined) break;
      const taken = chunk.subarray(0, buffer.byteLength - at);
      buffer.set(taken, at);
      at += taken.byteLength;
      this.#left = chunk.subarray(taken.byteLength);
    }
    return buffer.subarray(0, at);
  }

  async #look(): Promise<Uint8Array | undefined> {
    while (!this.#hasEnded && !this.#left?.byteLength) {
      const { done, value } = await this.#iterator.next();
      this.#hasEnded = done === true;
      this.#left = done === true ? undefined : value;
    }
    return this.#left;
  }
}
