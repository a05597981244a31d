import { Retries } from "@drayage/core";
import type { GetBlobOptions } from "@drayage/core";

import type { Bucket } from "./bucket.ts";
import type { HeldMemory, PartMemory } from "./part-memory.ts";
import { RangeReader } from "./range-reader.ts";
import type { BoundedRange } from "./range-reader.ts";

/** How a blob is read. */
export interface DownloadSettings {
  /** Bytes. */
  readonly rangeSize: number;
  /** For ranges that are read before somebody wants them. */
  readonly memory: PartMemory;
}

/** Reads an object in order; what is larger than one range by several at once, as far as there is memory for them. @throws ImageError `not-found` */
export async function* downloadBlob(
  bucket: Bucket,
  key: string,
  { rangeSize, memory }: DownloadSettings,
  { range, lentChunks, retries = new Retries(), ...options }: GetBlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ...(options.signal ? [options.signal] : [])]);
  const reader = new RangeReader(bucket, key, { ...options, retries, signal });
  const ahead: RangeAhead[] = [];
  let next = range?.start ?? 0;
  let end = range?.end ?? Infinity;
  const nextRange = (): BoundedRange => {
    const start = next;
    next = Math.min(start + rangeSize, end + 1);
    return { start, end: next - 1 };
  };
  const readAhead = (): void => {
    while (next <= end) {
      const held = memory.tryTake(rangeSize);
      if (held === undefined) return;
      ahead.push(rangeAhead(reader.read(nextRange()), held));
    }
  };
  try {
    const first = nextRange();
    const opened = await reader.open(first);
    if (opened === undefined) return;
    end = Math.min(end, opened.size - 1);
    readAhead();
    yield* reader.read({ ...first, end: Math.min(first.end, end) }, opened);
    while (next <= end || ahead.length > 0) {
      readAhead();
      const [following] = ahead;
      if (following === undefined) yield* reader.read(nextRange());
      else {
        yield* inPieces(await following.bytes, lentChunks);
        ahead.shift()?.[Symbol.dispose]();
      }
    }
  } finally {
    left.abort();
    await Promise.allSettled(ahead.map(({ bytes }) => bytes));
    for (const one of ahead) one[Symbol.dispose]();
  }
}

interface RangeAhead extends Disposable {
  readonly bytes: Promise<Uint8Array>;
}

/** Begins to read at once. */
function rangeAhead(chunks: AsyncIterable<Uint8Array>, held: HeldMemory): RangeAhead {
  const bytes = filled(held.buffer, chunks);
  bytes.catch(() => {});
  return { bytes, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

async function filled(buffer: Uint8Array, chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    buffer.set(chunk, at);
    at += chunk.byteLength;
  }
  return buffer.subarray(0, at);
}

const pieceSize = 1 << 20;

/** Of memory that is used again: copies, unless they are only wanted for a moment. */
function* inPieces(bytes: Uint8Array, areLent: boolean | undefined): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceSize) {
    const piece = bytes.subarray(at, at + pieceSize);
    yield areLent ? piece : new Uint8Array(piece);
  }
}
