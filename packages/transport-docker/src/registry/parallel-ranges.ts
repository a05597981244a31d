import type { ByteRange } from "@drayage/core";
import { isLoopback, PartMemory, readRangesAhead } from "@drayage/transport-kit/wire";
import type { RangeSource, ReadRangeOptions } from "@drayage/transport-kit/wire";

/** The minimum size of a blob for parallel ranges, in bytes. */
const largeSize = 64 << 20;
const rangeSize = 8 << 20;
/** The length of a single range, after which the number of large blobs is checked again. */
const singleRangeSize = 64 << 20;
const defaultRanges = 4;
/** The maximum number of ranges in memory ahead of the readers, for all blobs together. */
const maxHeldRanges = 4;

/**
 * Reads large blobs of one registry in parallel ranges. This is faster if one connection does not use the whole bandwidth:
 * with a high latency, or a rate limit for each connection. By default, it is not done for registries on this machine,
 * or while several large blobs are read.
 */
export class ParallelRanges {
  readonly #setting: number | undefined;
  readonly #memory: PartMemory = new PartMemory(rangeSize, maxHeldRanges);
  #blobs = 0;

  constructor(setting: number | undefined) {
    this.#setting = setting;
  }

  appliesTo(size: number, origin: string): boolean {
    if (size < largeSize || this.#setting === 1) return false;
    return this.#setting !== undefined || !isLoopback(new URL(origin).hostname);
  }

  /** Reads single ranges while other large blobs are read, and parallel ranges otherwise. */
  async *read(
    source: RangeSource,
    range: ByteRange,
    options?: ReadRangeOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const maxRanges = (): number => this.#setting ?? (this.#blobs === 1 ? defaultRanges : 1);
    const ahead = { rangeSize, singleRangeSize, memory: this.#memory, maxRanges };
    this.#blobs++;
    try {
      yield* readRangesAhead(source, range, ahead, options);
    } finally {
      this.#blobs--;
    }
  }
}
