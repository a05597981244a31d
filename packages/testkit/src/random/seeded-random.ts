import { createCipheriv, createHash } from "node:crypto";
import type { Cipheriv } from "node:crypto";

/**
 * Numbers and bytes that follow from a seed alone: AES-128 in counter mode with the seed's hash as key, so that they are
 * the same on every machine, do not compress, and come at the speed of a disk.
 */
export class SeededRandom {
  readonly #seed: string;
  readonly #cipher: Cipheriv;

  constructor(seed: string | number) {
    this.#seed = String(seed);
    const hash = createHash("sha256").update(this.#seed).digest();
    this.#cipher = createCipheriv("aes-128-ctr", hash.subarray(0, 16), hash.subarray(16));
  }

  /** The next bytes of the sequence. */
  bytes(length: number): Uint8Array {
    return this.#cipher.update(Buffer.alloc(length));
  }

  /** A whole number from 0 up to, and not including, `end`. */
  integer(end: number): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) % end;
  }

  /** Lower-case hex digits. */
  word(length: number): string {
    return Buffer.from(this.bytes(length)).toString("hex").slice(0, length);
  }

  /** Another one, which neither knows how much was taken from this one nor takes anything from it. */
  fork(label: string | number): SeededRandom {
    return new SeededRandom(`${this.#seed}/${label}`);
  }
}
