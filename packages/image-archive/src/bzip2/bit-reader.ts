/** Reads bits, most significant bit first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** The position in bits. */
  #at: number;

  /** `start` is a position in bits. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** The position of the next bit. */
  get at(): number {
    return this.#at;
  }

  /** Reads up to 24 bits as a number. @throws Error at the end of the input */
  bits(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  /** Returns the next bits without consuming them, with zeros after the end of the input. */
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
    if (this.#at > this.#bytes.byteLength * 8) throw unexpectedEnd();
  }

  bit(): boolean {
    return this.bits(1) === 1;
  }

  /** Reads 32 bits. */
  word(): number {
    return ((this.bits(16) << 16) | this.bits(16)) >>> 0;
  }

  /** Skips to the next whole byte. */
  align(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }
}

/** The error for truncated input. */
export function unexpectedEnd(): Error {
  return new Error("bzip2: unexpected end of the data");
}
