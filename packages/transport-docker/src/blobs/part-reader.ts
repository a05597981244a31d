/** Reads a stream in parts. */
export class PartReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was read of the stream, and not taken. */
  #left: Uint8Array | undefined;
  #position: number;
  #isResting = true;
  #failure: { readonly error: unknown } | undefined;

  /** `position` is where in the blob the stream starts. */
  constructor(bytes: AsyncIterable<Uint8Array>, position: number) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#position = position;
  }

  /** Of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Whether all that was to be taken was taken: only then another part can follow. */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** The next so many bytes, or all that are left. */
  async *take(count: number = Infinity): AsyncGenerator<Uint8Array, void, undefined> {
    this.#isResting = false;
    const end = this.#position + count;
    while (this.#position < end) {
      const chunk = this.#left ?? (await this.#read());
      if (chunk === undefined) break;
      const part = chunk.subarray(0, end - this.#position);
      this.#left = part.byteLength < chunk.byteLength ? chunk.subarray(part.byteLength) : undefined;
      this.#position += part.byteLength;
      if (this.#position === end) this.#isResting = true;
      yield part;
    }
    this.#isResting = true;
  }

  hasThrown(error: unknown): boolean {
    return this.#failure?.error === error;
  }

  /** Not waited for: a stream may be in the middle of what never ends. */
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
