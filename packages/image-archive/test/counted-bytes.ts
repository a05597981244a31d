import type { ByteRange } from "@drayage/core";

import type { RandomAccessBytes } from "../src/index.ts";

/** In-memory bytes that count reads, as an object in a bucket would. */
export class CountedBytes implements RandomAccessBytes {
  readonly location = "test.tar";
  readonly size: number;
  readonly parallelReads = 4;
  readonly reads: ByteRange[] = [];
  isClosed = false;
  readonly #contentOf: (start: number, end: number) => Uint8Array;

  /** `contentOf` receives the start of a range and the offset after its last byte. */
  constructor(size: number, contentOf: (start: number, end: number) => Uint8Array) {
    this.size = size;
    this.#contentOf = contentOf;
  }

  static of(content: Uint8Array): CountedBytes {
    return new CountedBytes(content.byteLength, (start, end) => content.subarray(start, end));
  }

  /** Zeros outside the parts. */
  static sparse(size: number, parts: ReadonlyMap<number, Uint8Array>): CountedBytes {
    return new CountedBytes(size, (start, end) => {
      const content = Buffer.alloc(end - start);
      for (const [at, part] of parts) {
        const from = Math.max(at, start);
        if (from < end) content.set(part.subarray(from - at).subarray(0, end - from), from - start);
      }
      return content;
    });
  }

  /** The total number of bytes read. */
  get bytesRead(): number {
    return this.reads.reduce((sum, { start, end = this.size - 1 }) => sum + end + 1 - start, 0);
  }

  /** In chunks that align with no block. */
  async *read(range: ByteRange): AsyncGenerator<Uint8Array> {
    this.reads.push(range);
    const content = this.#contentOf(range.start, Math.min((range.end ?? Infinity) + 1, this.size));
    for (let at = 0; at < content.byteLength; at += 50_001) yield content.subarray(at, at + 50_001);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}
