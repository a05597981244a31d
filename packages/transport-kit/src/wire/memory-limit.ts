/** A limit for memory that several readers share, granted in the order of the calls. */
export class MemoryLimit {
  readonly #limit: number;
  readonly #waiting: { readonly bytes: number; readonly admit: () => void }[] = [];
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Waits for this many bytes. Disposal releases them. A request above the limit is granted when no memory is in use.
   * @throws the reason of an abort
   */
  async take(bytes: number, signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.hasRoom(bytes)) this.#taken += bytes;
    else await this.#wait(bytes, signal);
    return this.#held(bytes);
  }

  /** Like `take` without waiting; undefined if the memory is in use. */
  tryTake(bytes: number): Disposable | undefined {
    if (!this.hasRoom(bytes)) return undefined;
    this.#taken += bytes;
    return this.#held(bytes);
  }

  /** Whether this many bytes are available without waiting. */
  hasRoom(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#fits(bytes);
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#limit;
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve: admit, reject } = Promise.withResolvers<void>();
    const entry = { bytes, admit };
    const leave = (): void => {
      const at = this.#waiting.indexOf(entry);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      this.#admit();
      reject(signal?.reason);
    };
    this.#waiting.push(entry);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #held(bytes: number): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#taken -= bytes;
        isHeld = false;
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#taken += next.bytes;
      next.admit();
    }
  }
}
