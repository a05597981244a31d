import { algorithmOf, digestHasher } from "@drayage/core";
import type { Digest, DigestHasher } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";

import type { UploadLimits } from "../registry/upload-limits.ts";
import type { BlobPart, BlobParts, PartLength } from "./blob-parts.ts";

/** Of a blob that shows at its end what it was: each part is held until the next one, so that it can be sent again. */
export class HeldParts implements BlobParts {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #expected: Digest | undefined;
  readonly #limits: UploadLimits;
  readonly #holding: Disposable;
  readonly #hasher: DigestHasher;
  #held: Uint8Array[] = [];
  /** Where in the blob they begin. */
  #start = 0;
  #end = 0;
  #hasEnded = false;
  position = 0;

  constructor(
    bytes: AsyncIterable<Uint8Array>,
    expected: Digest | undefined,
    limits: UploadLimits,
  ) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#expected = expected;
    this.#limits = limits;
    this.#holding = limits.hold();
    this.#hasher = digestHasher(expected && algorithmOf(expected));
  }

  /** @throws ImageError `digest-mismatch` at the end of something else than was expected */
  async next(start: number, { least, most }: PartLength): Promise<BlobPart> {
    this.#drop(start);
    const wanted = Math.max(least, Math.min(most, this.#limits.mostHeld));
    while (!this.#hasEnded && this.#end - start < wanted) await this.#read();
    const length = Math.min(wanted, this.#end - start);
    const isLast = this.#hasEnded && start + length === this.#end;
    return { start, length, bytes: this.#bytes(length), ends: isLast ? this.#whole() : undefined };
  }

  hasFrom(start: number): boolean {
    return start >= this.#start && start <= this.#end;
  }

  /** It is read between the requests, not by them. */
  hasThrown(): boolean {
    return false;
  }

  close(): void {
    this.#holding[Symbol.dispose]();
    this.#iterator.return?.().catch(() => {});
  }

  /** What comes before that place. */
  #drop(start: number): void {
    while (this.#start < start) {
      const chunk = this.#held.shift();
      if (chunk === undefined) throw new RangeError(`Not held: ${start}`);
      const dropped = Math.min(chunk.byteLength, start - this.#start);
      if (dropped < chunk.byteLength) this.#held.unshift(chunk.subarray(dropped));
      this.#start += dropped;
    }
  }

  async #read(): Promise<void> {
    const { done, value } = await this.#iterator.next();
    if (done === true) {
      this.#hasEnded = true;
      return;
    }
    this.#hasher.update(value);
    this.#held.push(value);
    this.#end += value.byteLength;
  }

  async *#bytes(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    this.position = this.#start;
    const end = this.#start + length;
    for (const chunk of this.#held) {
      if (this.position === end) return;
      const part = chunk.subarray(0, end - this.position);
      this.position += part.byteLength;
      yield part;
    }
  }

  #whole(): { readonly digest: Digest; readonly size: number } {
    const digest = this.#hasher.copy().digest();
    if (this.#expected !== undefined) checkDigest(digest, this.#expected);
    return { digest, size: this.#end };
  }
}
