/** Reads a stream in portions. The source may reuse the buffer of a chunk once the next one is requested. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** Returns the next bytes, at most `limit`, which are valid until the next call; undefined at the end. */
  async next(limit: number): Promise<Uint8Array | undefined> {
    while (this.#rest.byteLength === 0) {
      const next = await this.#iterator.next();
      if (next.done) return undefined;
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(part.byteLength);
    return part;
  }

  /** Returns a copy of the next `size` bytes, or fewer at the end. */
  async take(size: number): Promise<Buffer> {
    const bytes = Buffer.alloc(size);
    let filled = 0;
    while (filled < size) {
      const part = await this.next(size - filled);
      if (part === undefined) break;
      bytes.set(part, filled);
      filled += part.byteLength;
    }
    return bytes.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
