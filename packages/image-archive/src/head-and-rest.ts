/** A stream in two parts: what fits into some place, and what follows it. */
export class HeadAndRest {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #left: number;
  #held: Uint8Array | undefined;

  constructor(bytes: AsyncIterable<Uint8Array>, headSize: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#left = headSize;
  }

  /** Not more than fits; leaves the stream open where it is read to its end, for the rest. */
  async *head(): AsyncGenerator<Uint8Array, void, undefined> {
    let isRead = false;
    try {
      for (;;) {
        const { done, value } = await this.#iterator.next();
        isRead = done === true;
        if (done) return;
        const part = value.subarray(0, this.#left);
        this.#left -= part.byteLength;
        if (part.byteLength > 0) yield part;
        if (part.byteLength === value.byteLength) continue;
        this.#held = value.subarray(part.byteLength);
        isRead = true;
        return;
      }
    } finally {
      if (!isRead) await this.#iterator.return?.();
    }
  }

  /** Whether the head was not all. */
  get hasRest(): boolean {
    return this.#held !== undefined;
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.#held !== undefined) yield this.#held;
      for (;;) {
        const { done, value } = await this.#iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.#iterator.return?.();
    }
  }
}
