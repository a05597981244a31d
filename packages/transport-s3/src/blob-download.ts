import { Retries } from "@drayage/core";
import type { ByteRange, OperationOptions } from "@drayage/core";

import type { Bucket } from "./bucket.ts";
import type { Budget } from "./budget.ts";
import { RangeReader } from "./range-reader.ts";
import type { BoundedRange } from "./range-reader.ts";

/** How a blob is read. */
export interface DownloadSettings {
  /** Bytes. */
  readonly rangeSize: number;
  /** For ranges that are read before somebody wants them. */
  readonly budget: Budget;
}

/** Reads an object in order; what is larger than one range by several at once, as far as there is memory for them. @throws ImageError `not-found` */
export async function* downloadBlob(
  bucket: Bucket,
  key: string,
  { start, end = Infinity }: ByteRange,
  { rangeSize, budget }: DownloadSettings,
  { retries = new Retries(), ...options }: OperationOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ...(options.signal ? [options.signal] : [])]);
  const reader = new RangeReader(bucket, key, { ...options, retries, signal });
  const ahead: { readonly bytes: Promise<readonly Uint8Array[]>; readonly held: Disposable }[] = [];
  let next = start;
  let last = end;
  const nextRange = (): BoundedRange => {
    const range = { start: next, end: Math.min(next + rangeSize - 1, last) };
    next = range.end + 1;
    return range;
  };
  const readAhead = (): void => {
    while (next <= last) {
      const held = budget.tryTake(rangeSize);
      if (held === undefined) return;
      const bytes = Array.fromAsync(reader.read(nextRange()));
      bytes.catch(() => {});
      ahead.push({ bytes, held });
    }
  };
  try {
    const first = nextRange();
    const opened = await reader.open(first);
    if (opened === undefined) return;
    last = Math.min(last, opened.size - 1);
    readAhead();
    yield* reader.read({ ...first, end: Math.min(first.end, last) }, opened);
    while (next <= last || ahead.length > 0) {
      readAhead();
      const following = ahead.shift();
      if (following === undefined) yield* reader.read(nextRange());
      else {
        using _ = following.held;
        yield* await following.bytes;
      }
    }
  } finally {
    left.abort();
    for (const { held } of ahead) held[Symbol.dispose]();
  }
}
