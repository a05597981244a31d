import { ImageError, Retries } from "@drayage/core";
import type { ByteRange } from "@drayage/core";
import { sliced } from "@drayage/core/content";

import type { OpenedRange, RangeSource, ReadRangeOptions } from "./range-source.ts";

/** The minimum number of bytes that count as progress. */
const minProgress = 1 << 16;

/** Known facts about a range. */
export interface KnownRange {
  /** The size of the whole content in bytes. Default: that of the source. */
  readonly size?: number | undefined;
  /** An open response with the range. */
  readonly opened?: OpenedRange | undefined;
}

/**
 * Reads a range with retries. A retry requests the missing bytes from the source again, so URLs and tokens may expire in
 * between. No byte is returned twice.
 * @throws ImageError the errors of the source; `unavailable` for responses that end early; `digest-mismatch` for a response
 * with another size than the known one
 */
export async function* readRange(
  source: RangeSource,
  { start, end = Infinity }: ByteRange,
  options: ReadRangeOptions = {},
  { opened, size = source.size }: KnownRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { retries = new Retries(), signal } = options;
  const { operation } = source;
  let at = start;
  let present = opened;
  for (let attempt = 1; ; attempt++) {
    const before = at;
    try {
      const range = { start: at, ...(end < Infinity && { end }) };
      present ??= await openRange(source, range, { ...options, retries }, size);
      size ??= present.size;
      for await (const chunk of bytesOf(present, range)) {
        const wanted = chunk.subarray(0, Math.max(end + 1 - at, 0));
        at += wanted.byteLength;
        if (wanted.byteLength > 0) yield wanted;
        if (wanted.byteLength < chunk.byteLength) break;
      }
      if (size === undefined || isComplete(at, end, size)) return;
      throw new ImageError("unavailable", `Could not ${operation}: the response ended early`);
    } catch (cause) {
      if (present !== undefined && isComplete(at, end, size)) return;
      const error = source.errorOf?.(cause) ?? cause;
      const hasProgressed = at - before >= minProgress;
      if (hasProgressed) attempt = 1;
      const failed = { error, attempt, operation, hasProgressed };
      if (!(await retries.waitForRetry(failed, signal))) throw error;
      present = undefined;
    }
  }
}

/**
 * Opens a range once.
 * @throws ImageError the errors of the source; `digest-mismatch` for a response with another size than the known one
 */
export async function openRange(
  source: RangeSource,
  range: ByteRange,
  options: ReadRangeOptions,
  size: number | undefined = source.size,
): Promise<OpenedRange> {
  const opened = await source.open(range, options);
  if (size === undefined || opened.size === undefined || opened.size === size) return opened;
  await discard(opened);
  const difference = `the response has ${opened.size} bytes instead of ${size}`;
  throw new ImageError("digest-mismatch", `Could not ${source.operation}: ${difference}`);
}

/** Closes a response without reading it. */
export async function discard({ bytes }: OpenedRange): Promise<void> {
  try {
    for await (const _ of bytes) break;
  } catch {
    // The content is not needed.
  }
}

/** Whether all bytes were read. A connection may fail after the last byte and before the end of the response. */
function isComplete(at: number, end: number, size = Infinity): boolean {
  return at > Math.min(end, size - 1);
}

function bytesOf({ bytes, isWhole }: OpenedRange, range: ByteRange): AsyncIterable<Uint8Array> {
  return isWhole && (range.start > 0 || range.end !== undefined) ? sliced(bytes, range) : bytes;
}
