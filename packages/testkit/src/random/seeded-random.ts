import { createCipheriv, createHash } from "node:crypto";
import type { Cipheriv } from "node:crypto";

/**
 * Pseudo-random numbers and bytes from a seed: AES-128 in counter mode with the hash of the seed as key. They are the
 * same on every machine, incompressible, and generated at disk speed.
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

  /** An integer from 0 to `end`, exclusive. */
  integer(end: number): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) % end;
  }

  /** Lower-case hex digits. */
  word(length: number): string {
    return Buffer.from(this.bytes(length)).toString("hex").slice(0, length);
  }

  /** An independent generator. It does not depend on how much was read from this one. */
  fork(label: string | number): SeededRandom {
    return new SeededRandom(`${this.#seed}/${label}`);
  }
}
