import { Retries } from "@drayage/core";
import type { ByteRange } from "@drayage/core";

import type { PartMemory } from "./part-memory.ts";
import { RangeAhead } from "./range-ahead.ts";
import type { RangeSource, ReadRangeOptions } from "./range-source.ts";
import { discard, openRange, readRange } from "./read-range.ts";

/** Settings of `readRangesAhead`. */
export interface ReadAhead {
  /** Bytes per range. */
  readonly rangeSize: number;
  /** The size of a range while only one may be read. Default: `rangeSize`. */
  readonly singleRangeSize?: number | undefined;
  /** Memory for the ranges that are read ahead; several readers may share it. */
  readonly memory: PartMemory;
  /**
   * The maximum number of parallel ranges, including the current one. Called again for each range. Default: limited by
   * memory only.
   */
  readonly maxRanges?: (() => number) | undefined;
}

/**
 * Reads a range in order with several parallel requests for smaller ranges, each with retries. Reads ahead only after the
 * first response, and only if the server supports ranges and the size is known. @throws as `readRange`
 */
export async function* readRangesAhead(
  source: RangeSource,
  range: ByteRange,
  { rangeSize, singleRangeSize = rangeSize, memory, maxRanges = () => Infinity }: ReadAhead,
  options: ReadRangeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const closed = new AbortController();
  const signal = AbortSignal.any([closed.signal, ...(options.signal ? [options.signal] : [])]);
  const shared = { ...options, signal, retries: options.retries ?? new Retries() };
  const wanted = options.reuseBuffers ? same : copied;
  const ahead: RangeAhead[] = [];
  let present: RangeAhead | undefined;
  let { start: next, end = Infinity } = range;
  const nextRange = (size: number): ByteRange => {
    const start = next;
    next = Math.min(start + size, end + 1);
    return { start, end: next - 1 };
  };
  const nextUnread = (): ByteRange =>
    nextRange(maxRanges() > 1 && memory.hasRoom(rangeSize) ? rangeSize : singleRangeSize);
  try {
    const first = nextUnread();
    const opened = await openRange(source, first, shared);
    if (opened.isWhole) return yield* readRange(source, range, shared, { opened });
    const { size = source.size } = opened;
    if (size === undefined) {
      await discard(opened);
      return yield* readRange(source, range, shared);
    }
    end = Math.min(end, size - 1);
    const readAhead = (): void => {
      while (next <= end && 1 + ahead.length < maxRanges()) {
        const held = memory.tryTake(rangeSize);
        if (held === undefined) return;
        const reusing = { ...shared, reuseBuffers: true };
        ahead.push(
          new RangeAhead(readRange(source, nextRange(rangeSize), reusing, { size }), held),
        );
      }
    };
    readAhead();
    yield* readRange(source, first, shared, { opened, size });
    while (ahead.length > 0 || next <= end) {
      present = ahead.shift();
      if (present === undefined) {
        const unread = nextUnread();
        readAhead();
        yield* readRange(source, unread, shared, { size });
      } else {
        yield* wanted(present.held());
        readAhead();
        yield* wanted(present.rest());
      }
    }
  } finally {
    closed.abort();
    const open = present === undefined ? ahead : [present, ...ahead];
    await Promise.all(open.map(async (each) => each[Symbol.asyncDispose]()));
  }
}

function same<Chunks>(chunks: Chunks): Chunks {
  return chunks;
}

/** Copies chunks whose buffers are reused. */
async function* copied(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) yield new Uint8Array(chunk);
}
