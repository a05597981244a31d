/** A stream in two parts: what fits into some place, and what follows it. To be closed. */
export class HeadAndRest {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #left: number;
  #held: Uint8Array | undefined;

  constructor(bytes: AsyncIterable<Uint8Array>, headSize: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#left = headSize;
  }

  /** Not more than fits. */
  async *head(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) return;
      const part = value.subarray(0, this.#left);
      this.#left -= part.byteLength;
      if (part.byteLength > 0) yield part;
      if (part.byteLength === value.byteLength) continue;
      this.#held = value.subarray(part.byteLength);
      return;
    }
  }

  /** Whether the head, which has been read, was not all. */
  get hasRest(): boolean {
    return this.#held !== undefined;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#held !== undefined) yield this.#held;
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
