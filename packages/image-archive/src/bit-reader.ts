/** More bits are asked for than there are yet. */
export class Underrun extends Error {}

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

  /** Up to 24 bits as a number. @throws Underrun */
  bits(count: number): number {
    const bytes = this.#bytes;
    const first = this.#at >>> 3;
    const end = this.#at + count;
    if (end > bytes.byteLength * 8) throw new Underrun();
    const word =
      (((bytes[first] ?? 0) << 24) |
        ((bytes[first + 1] ?? 0) << 16) |
        ((bytes[first + 2] ?? 0) << 8) |
        (bytes[first + 3] ?? 0)) >>>
      0;
    const value = (word << (this.#at & 7)) >>> (32 - count);
    this.#at = end;
    return value;
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
