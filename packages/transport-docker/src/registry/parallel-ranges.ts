import type { ByteRange } from "@drayage/core";
import { isLoopback, PartMemory, readRangesAhead } from "@drayage/transport-kit/wire";
import type { RangeSource, ReadRangeOptions } from "@drayage/transport-kit/wire";

/** Bytes from which on it is worth it to read several ranges at once. */
const largeSize = 64 << 20;
const rangeSize = 8 << 20;
/** What is read in one go before it is looked again whether there is room for several at once. */
const stretchSize = 64 << 20;
const defaultRanges = 4;
/** Ranges that are held in memory before somebody wants them, of all blobs together. */
const mostHeld = 4;

/**
 * Reads large blobs of one registry by several ranges at once. That helps where one connection does not fill the line:
 * to a registry far away, or one that gives each connection so much. It helps nobody on this machine, nor where several
 * large blobs fill the line together: there it is only done where somebody said so.
 */
export class ParallelRanges {
  readonly #setting: number | undefined;
  readonly #memory: PartMemory = new PartMemory(rangeSize, mostHeld);
  #blobs = 0;

  constructor(setting: number | undefined) {
    this.#setting = setting;
  }

  isFor(size: number, origin: string): boolean {
    if (size < largeSize || this.#setting === 1) return false;
    return this.#setting !== undefined || !isLoopback(new URL(origin).hostname);
  }

  /** As long as there are other large blobs it goes on in long stretches, and when they are done by ranges again. */
  async *read(
    source: RangeSource,
    range: ByteRange,
    options?: ReadRangeOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const maxRanges = (): number => this.#setting ?? (this.#blobs === 1 ? defaultRanges : 1);
    const ahead = { rangeSize, stretchSize, memory: this.#memory, maxRanges };
    this.#blobs++;
    try {
      yield* readRangesAhead(source, range, ahead, options);
    } finally {
      this.#blobs--;
    }
  }
}
