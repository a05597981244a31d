import { algorithmOf, digestHasher, isDigest } from "@drayage/core";
import type { Digest, DigestAlgorithm, DigestHasher } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";

import type { UploadLimits } from "../registry/upload-limits.ts";
import type { BlobPart, BlobParts, PartLength } from "./blob-parts.ts";

/** The parts of a blob of unknown digest or size. Each part is buffered until the next one, so that it can be sent again. */
export class BufferedParts implements BlobParts {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #expected: Digest | undefined;
  readonly #limits: UploadLimits;
  readonly #buffer: Disposable;
  readonly #hasher: DigestHasher;
  #chunks: Uint8Array[] = [];
  /** The offset of the first buffered byte. */
  #start = 0;
  #end = 0;
  #hasEnded = false;
  position = 0;

  /** `expected` is the digest of the blob, or the algorithm of an unknown one. */
  constructor(
    bytes: AsyncIterable<Uint8Array>,
    expected: Digest | DigestAlgorithm,
    limits: UploadLimits,
  ) {
    this.#iterator = bytes[Symbol.asyncIterator]();
    this.#expected = isDigest(expected) ? expected : undefined;
    this.#limits = limits;
    this.#buffer = limits.addBuffer();
    this.#hasher = digestHasher(isDigest(expected) ? algorithmOf(expected) : expected);
  }

  /** @throws ImageError `digest-mismatch` at the end of another blob than expected */
  async next(start: number, { min, max }: PartLength): Promise<BlobPart> {
    this.#drop(start);
    const wanted = Math.max(min, Math.min(max, this.#limits.maxBufferSize));
    while (!this.#hasEnded && this.#end - start < wanted) await this.#read();
    const length = Math.min(wanted, this.#end - start);
    const isLast = this.#hasEnded && start + length === this.#end;
    return {
      start,
      length,
      bytes: this.#bytes(length),
      completes: isLast ? this.#blob() : undefined,
    };
  }

  canReadFrom(start: number): boolean {
    return start >= this.#start && start <= this.#end;
  }

  /** False, because `next` reads the stream and requests read the buffer. */
  isStreamError(): boolean {
    return false;
  }

  close(): void {
    this.#buffer[Symbol.dispose]();
    this.#iterator.return?.().catch(() => {});
  }

  /** Removes the bytes before an offset. */
  #drop(start: number): void {
    while (this.#start < start) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) throw new RangeError(`Offset ${start} is not buffered`);
      const dropped = Math.min(chunk.byteLength, start - this.#start);
      if (dropped < chunk.byteLength) this.#chunks.unshift(chunk.subarray(dropped));
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
    this.#chunks.push(value);
    this.#end += value.byteLength;
  }

  async *#bytes(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    this.position = this.#start;
    const end = this.#start + length;
    for (const chunk of this.#chunks) {
      if (this.position === end) return;
      const part = chunk.subarray(0, end - this.position);
      this.position += part.byteLength;
      yield part;
    }
  }

  #blob(): { readonly digest: Digest; readonly size: number } {
    const digest = this.#hasher.copy().digest();
    if (this.#expected !== undefined) checkDigest(digest, this.#expected);
    return { digest, size: this.#end };
  }
}
