/** Bytes that are read before somebody wants them, all that there are: for what is small enough to be held. */
export class RangeAhead {
  readonly #chunks: Uint8Array[] = [];
  #ended: { readonly failure?: unknown } | undefined;
  #arrived = Promise.withResolvers<void>();

  constructor(bytes: AsyncIterable<Uint8Array>) {
    void this.#fill(bytes);
  }

  /** Once; in order, as they come. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
        yield chunk;
      }
      if (this.#ended !== undefined) break;
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
    if ("failure" in this.#ended) throw this.#ended.failure;
  }

  async #fill(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of bytes) {
        this.#chunks.push(chunk);
        this.#arrived.resolve();
      }
      this.#ended = {};
    } catch (failure) {
      this.#ended = { failure };
    }
    this.#arrived.resolve();
  }
}
