import { isLoopback } from "../registry-host.ts";
import type { BlobReader } from "./blob-reader.ts";
import type { OpenedRange } from "./opened-range.ts";
import { RangeAhead } from "./range-ahead.ts";

/** Bytes from which on it is worth it to read several ranges at once. */
const largeSize = 64 << 20;
const rangeSize = 8 << 20;
const defaultRanges = 4;
/** Ranges that are held in memory, of all blobs together. */
const mostHeld = 5;

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
   * Bytes from `start` up to and including `end`, in order. The first answer shows whether the registry knows ranges;
   * what is left when another large blob comes along is read in one go.
   */
  async *read(
    { start, end }: { readonly start: number; readonly end: number },
    readerWith: (signal: AbortSignal) => BlobReader,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const left = new AbortController();
    const reader = readerWith(signal ? AbortSignal.any([signal, left.signal]) : left.signal);
    const ranges: RangeAhead[] = [];
    let next = start;
    const add = (opened?: OpenedRange): void => {
      const range = { start: next, end: Math.min(next + rangeSize - 1, end) };
      ranges.push(new RangeAhead(reader.read(range, opened)));
      next = range.end + 1;
      this.#held++;
    };
    this.#blobs++;
    try {
      const opened = await reader.open({ start, end: Math.min(start + rangeSize - 1, end) });
      if (opened.isWhole) return yield* reader.read({ start, end }, opened);
      add(opened);
      for (let range = ranges[0]; range !== undefined; range = ranges[0]) {
        while (next <= end && this.#mayAdd(ranges.length)) add();
        yield* range.read();
        ranges.shift();
        this.#held--;
      }
      if (next <= end) yield* reader.read({ start: next, end });
    } finally {
      left.abort();
      this.#blobs--;
      this.#held -= ranges.length;
    }
  }

  #mayAdd(present: number): boolean {
    if (this.#setting === undefined) return this.#blobs === 1 && present < defaultRanges;
    return present === 0 || (present < this.#setting && this.#held < mostHeld);
  }
}
