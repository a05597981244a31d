/** Reads a stream in parts. */
export class PartReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** The rest of the last chunk. */
  #left: Uint8Array | undefined;
  #position: number;
  #isIdle = true;
  #failure: { readonly error: unknown } | undefined;

  /** `position`: the offset of the stream in the blob. */
  constructor(bytes: AsyncIterable<Uint8Array>, position: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#position = position;
  }

  /** The offset of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Whether the current part has been read completely, so that the next one can start. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Yields the next `count` bytes, or all that are left. */
  async *take(count: number = Infinity): AsyncGenerator<Uint8Array, void, undefined> {
    this.#isIdle = false;
    const end = this.#position + count;
    while (this.#position < end) {
      const chunk = this.#left ?? (await this.#read());
      if (chunk === undefined) break;
      const part = chunk.subarray(0, end - this.#position);
      this.#left = part.byteLength < chunk.byteLength ? chunk.subarray(part.byteLength) : undefined;
      this.#position += part.byteLength;
      if (this.#position === end) this.#isIdle = true;
      yield part;
    }
    this.#isIdle = true;
  }

  isStreamError(error: unknown): boolean {
    return this.#failure?.error === error;
  }

  /** Does not wait, because the pending read of a stream may never end. */
  close(): void {
    this.#iterator.return?.().catch(() => {});
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      return done === true ? undefined : value;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
