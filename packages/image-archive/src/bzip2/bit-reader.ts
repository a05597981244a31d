/** Reads bits, the highest of each byte first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** Counted in bits. */
  #at: number;

  /** `start` is a bit. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** The next bit that will be read. */
  get at(): number {
    return this.#at;
  }

  /** Up to 24 bits as a number. @throws Error at the end */
  bits(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  /** The same without going on; behind the end are zeros. */
  peek(count: number): number {
    const bytes = this.#bytes;
    const first = this.#at >>> 3;
    const word =
      ((bytes[first] ?? 0) << 24) |
      ((bytes[first + 1] ?? 0) << 16) |
      ((bytes[first + 2] ?? 0) << 8) |
      (bytes[first + 3] ?? 0);
    return (word << (this.#at & 7)) >>> (32 - count);
  }

  /** @throws Error at the end */
  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.byteLength * 8) throw endsEarly();
  }

  bit(): boolean {
    return this.bits(1) === 1;
  }

  /** 32 bits. */
  word(): number {
    return ((this.bits(16) << 16) | this.bits(16)) >>> 0;
  }

  /** Goes on at the next whole byte. */
  align(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }
}

/** For what was cut off. */
export function endsEarly(): Error {
  return new Error("bzip2: it ends too early");
}
