import { Retries } from "@drayage/core";
import type { ByteRange } from "@drayage/core";

import type { PartMemory } from "./part-memory.ts";
import { RangeAhead } from "./range-ahead.ts";
import type { RangeSource, ReadRangeOptions } from "./range-source.ts";
import { leave, openRange, readRange } from "./read-range.ts";

/** How much is read ahead. */
export interface ReadAhead {
  /** Bytes per range. */
  readonly rangeSize: number;
  /** Bytes per range while nothing may be read ahead. Default: `rangeSize`. */
  readonly singleRangeSize?: number | undefined;
  /** Memory for the ranges that are read ahead; several readers may share it. */
  readonly memory: PartMemory;
  /**
   * How many ranges may be read at once, including the current one; called again for each. Default: as many as there is
   * memory for.
   */
  readonly maxRanges?: (() => number) | undefined;
}

/**
 * Reads a range in order, several smaller ranges at once, each across any number of broken connections. Nothing is read
 * ahead before the first response, nor from a server without ranges or of content without a known size. @throws as
 * `readRange`
 */
export async function* readRangesAhead(
  source: RangeSource,
  range: ByteRange,
  { rangeSize, singleRangeSize = rangeSize, memory, maxRanges = () => Infinity }: ReadAhead,
  options: ReadRangeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ...(options.signal ? [options.signal] : [])]);
  const given = { ...options, signal, retries: options.retries ?? new Retries() };
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
    const opened = await openRange(source, first, given);
    if (opened.isWhole) return yield* readRange(source, range, given, { opened });
    const { size = source.size } = opened;
    if (size === undefined) {
      await leave(opened);
      return yield* readRange(source, range, given);
    }
    end = Math.min(end, size - 1);
    const readAhead = (): void => {
      while (next <= end && 1 + ahead.length < maxRanges()) {
        const held = memory.tryTake(rangeSize);
        if (held === undefined) return;
        const reusing = { ...given, reuseBuffers: true };
        ahead.push(
          new RangeAhead(readRange(source, nextRange(rangeSize), reusing, { size }), held),
        );
      }
    };
    readAhead();
    yield* readRange(source, first, given, { opened, size });
    while (ahead.length > 0 || next <= end) {
      present = ahead.shift();
      if (present === undefined) {
        const unread = nextUnread();
        readAhead();
        yield* readRange(source, unread, given, { size });
      } else {
        yield* wanted(present.held());
        readAhead();
        yield* wanted(present.rest());
      }
    }
  } finally {
    left.abort();
    const open = present === undefined ? ahead : [present, ...ahead];
    await Promise.all(open.map(async (one) => one[Symbol.asyncDispose]()));
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
