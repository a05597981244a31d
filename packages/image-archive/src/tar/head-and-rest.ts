/** Splits a stream into a head of limited size and the rest. The caller closes it. */
export class HeadAndRest {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #left: number;
  #buffered: Uint8Array | undefined;

  constructor(bytes: AsyncIterable<Uint8Array>, headSize: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#left = headSize;
  }

  /** Yields up to `headSize` bytes. */
  async *head(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) return;
      const part = value.subarray(0, this.#left);
      this.#left -= part.byteLength;
      if (part.byteLength > 0) yield part;
      if (part.byteLength === value.byteLength) continue;
      this.#buffered = value.subarray(part.byteLength);
      return;
    }
  }

  /** Whether bytes follow the head, once it has been read. */
  get hasRest(): boolean {
    return this.#buffered !== undefined;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#buffered !== undefined) yield this.#buffered;
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) return;
      yield value;
    }
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
