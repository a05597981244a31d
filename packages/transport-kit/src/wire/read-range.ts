import { ImageError, ranged, Retries } from "@drayage/core";
import type { ByteRange } from "@drayage/core";

import type { OpenedRange, RangeSource, ReadRangeOptions } from "./range-source.ts";

/** Bytes. Who sends less before each break does not make it. */
const leastProgress = 1 << 16;

/** What is known of a range before it is read. */
export interface KnownRange {
  /** Of everything, in bytes. Default: what the source says. */
  readonly size?: number | undefined;
  /** An answer to a request for it. */
  readonly opened?: OpenedRange | undefined;
}

/**
 * Reads a range across any number of broken connections, as `options.retries` allow. What is missing is asked for anew,
 * so that what may expire on the way does no harm; no byte comes twice, and none from behind the end.
 * @throws ImageError what the source throws; `unavailable` for answers that end early, `digest-mismatch` for one of another
 * size than is known
 */
export async function* readRange(
  source: RangeSource,
  { start, end = Infinity }: ByteRange,
  options: ReadRangeOptions = {},
  { opened, size = source.size }: KnownRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { retries = new Retries(), signal } = options;
  const { doing } = source;
  let at = start;
  let present = opened;
  for (let attempt = 1; ; attempt++) {
    const before = at;
    try {
      const range = { start: at, ...(end < Infinity && { end }) };
      present ??= await openRange(source, range, { ...options, retries }, size);
      size ??= present.size;
      for await (const chunk of wantedOf(present, range)) {
        const wanted = chunk.subarray(0, end + 1 - at);
        at += wanted.byteLength;
        if (wanted.byteLength > 0) yield wanted;
        if (wanted.byteLength < chunk.byteLength) break;
      }
      if (size === undefined || isAll(at, end, size)) return;
      throw new ImageError("unavailable", `Could not ${doing}: the answer ended early`);
    } catch (cause) {
      if (present !== undefined && isAll(at, end, size)) return;
      const error = source.errorOf?.(cause) ?? cause;
      const hasProgressed = at - before >= leastProgress;
      if (hasProgressed) attempt = 1;
      const failed = { error, attempt, doing, hasProgressed };
      if (!(await retries.mayTryAgain(failed, signal))) throw error;
      present = undefined;
    }
  }
}

/** @throws ImageError what the source throws; `digest-mismatch` for an answer of another size than is known */
export async function openRange(
  source: RangeSource,
  range: ByteRange,
  options: ReadRangeOptions,
  size: number | undefined = source.size,
): Promise<OpenedRange> {
  const opened = await source.open(range, options);
  if (size === undefined || opened.size === undefined || opened.size === size) return opened;
  await leave(opened);
  const difference = `there are ${opened.size} bytes instead of ${size}`;
  throw new ImageError("digest-mismatch", `Could not ${source.doing}: ${difference}`);
}

/** Closes an answer that nobody reads. */
export async function leave({ bytes }: OpenedRange): Promise<void> {
  try {
    for await (const _ of bytes) break;
  } catch {
    // Nobody wanted it.
  }
}

/** A connection may break between the last byte and what says that it was the last. */
function isAll(at: number, end: number, size = Infinity): boolean {
  return at > Math.min(end, size - 1);
}

function wantedOf({ bytes, isWhole }: OpenedRange, range: ByteRange): AsyncIterable<Uint8Array> {
  return isWhole && (range.start > 0 || range.end !== undefined) ? ranged(bytes, range) : bytes;
}
