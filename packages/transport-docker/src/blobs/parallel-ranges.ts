import type { ByteRange } from "@drayage/core";

import { isLoopback } from "../registry-host.ts";
import type { BlobReader } from "./blob-reader.ts";
import { RangeAhead } from "./range-ahead.ts";

/** Bytes from which on it is worth it to read several ranges at once. */
const largeSize = 64 << 20;
const rangeSize = 8 << 20;
/** What is read in one go before it is looked again whether there is room for several at once. */
const stretchSize = 64 << 20;
const defaultRanges = 4;
/** Ranges that are held in memory before somebody wants them, of all blobs together. */
const mostHeld = 4;

interface BoundedRange extends ByteRange {
  readonly end: number;
}

/**
 * Reads large blobs of one registry by several ranges at once. That helps where one connection does not fill the line:
 * to a registry far away, or one that gives each connection so much. It helps nobody on this machine, nor where several
 * large blobs fill the line together: there it is only done where somebody said so.
 */
export class ParallelRanges {
  readonly #setting: number | undefined;
  #blobs = 0;
  #held = 0;

  constructor(setting: number | undefined) {
    this.#setting = setting;
  }

  isFor(size: number, origin: string): boolean {
    if (size < largeSize || this.#setting === 1) return false;
    return this.#setting !== undefined || !isLoopback(new URL(origin).hostname);
  }

  /**
   * Bytes from `start` up to and including `end`, in order. The first answer shows whether the registry knows ranges.
   * As long as there are other large blobs it goes on in long stretches, and when they are done by ranges again.
   */
  async *read(
    { start, end }: BoundedRange,
    readerWith: (signal: AbortSignal) => BlobReader,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const left = new AbortController();
    const reader = readerWith(signal ? AbortSignal.any([signal, left.signal]) : left.signal);
    const ahead: RangeAhead[] = [];
    let next = start;
    const nextRange = (size = this.#mayHold(0) ? rangeSize : stretchSize): BoundedRange => {
      const range = { start: next, end: Math.min(next + size - 1, end) };
      next = range.end + 1;
      return range;
    };
    this.#blobs++;
    try {
      const first = nextRange();
      const opened = await reader.open(first);
      if (opened.isWhole) return yield* reader.read({ start, end }, opened);
      let present: AsyncIterable<Uint8Array> | undefined = reader.read(first, opened);
      while (present !== undefined) {
        while (next <= end && this.#mayHold(ahead.length)) {
          ahead.push(new RangeAhead(reader.read(nextRange(rangeSize))));
          this.#held++;
        }
        yield* present;
        const following = ahead.shift();
        if (following !== undefined) this.#held--;
        present = following?.read() ?? (next <= end ? reader.read(nextRange()) : undefined);
      }
    } finally {
      left.abort();
      this.#blobs--;
      this.#held -= ahead.length;
    }
  }

  /** One more than those that are held already, beside the one that is read. */
  #mayHold(held: number): boolean {
    const isAlone = this.#blobs === 1;
    const most = this.#setting ?? (isAlone ? defaultRanges : 1);
    return held + 1 < most && this.#held < mostHeld;
  }
}
