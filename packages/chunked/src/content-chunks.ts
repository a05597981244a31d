/** A part of a file's content. */
export interface ContentChunk {
  readonly kind: "data" | "zeros";
  readonly size: number;
  /** A copy; undefined for zeros. */
  readonly bytes: Buffer | undefined;
}

/**
 * Splits the content of files like containers/storage: at holes of 1 KiB of zeros and more, and where a rolling checksum
 * has 16 set bits, so that similar files have equal chunks. In addition, no chunk exceeds 4 MiB.
 */
export class ContentChunks {
  readonly #data = Buffer.allocUnsafe(maxChunk);
  #length = 0;
  /** Zeros that may become a hole. */
  #zeros = 0;
  /** Zeros that are too few for a hole, and are not in `#data` yet. */
  #dataZeros = 0;
  readonly #window = new Uint8Array(windowSize);
  #offset = 0;
  #sum = initialSum;
  #weightedSum = initialWeightedSum;

  /** Yields the chunks that are complete. */
  *add(bytes: Uint8Array): Generator<ContentChunk, void, undefined> {
    for (let at = 0; at < bytes.byteLength || this.#dataZeros > 0;) {
      at = this.#scan(bytes, at);
      if (this.#isDataComplete()) yield* this.#endData();
      if (at < bytes.byteLength && this.#zeros >= minHole) yield* this.#endHole();
    }
  }

  /** Yields the remaining chunks of a file. The next file can be added then. */
  *end(): Generator<ContentChunk, void, undefined> {
    if (this.#zeros >= minHole) yield* this.#endHole();
    this.#dataZeros = this.#zeros;
    this.#zeros = 0;
    yield* this.add(new Uint8Array(0));
    yield* this.#endData();
    this.#resetChecksum();
  }

  /** Adds bytes to the data until a chunk is complete or a hole ends. Returns the position of the next byte. */
  #scan(bytes: Uint8Array, start: number): number {
    const [data, window] = [this.#data, this.#window];
    let [length, zeros, dataZeros] = [this.#length, this.#zeros, this.#dataZeros];
    let [offset, sum, weightedSum] = [this.#offset, this.#sum, this.#weightedSum];
    let at = start;
    for (;;) {
      let byte = 0;
      if (dataZeros > 0) dataZeros--;
      else {
        if (at === bytes.byteLength) break;
        byte = bytes[at] ?? 0;
        if (byte === 0) {
          zeros++;
          at++;
          continue;
        }
        if (zeros >= minHole) break;
        if (zeros > 0) {
          dataZeros = zeros;
          zeros = 0;
          continue;
        }
        at++;
      }
      data[length++] = byte;
      const removed = window[offset] ?? 0;
      window[offset] = byte;
      offset = (offset + 1) % windowSize;
      sum = (sum + byte - removed) | 0;
      weightedSum = (weightedSum + sum - windowSize * (removed + byteOffset)) | 0;
      if ((weightedSum & splitMask) === splitMask || length === maxChunk) break;
    }
    [this.#length, this.#zeros, this.#dataZeros] = [length, zeros, dataZeros];
    [this.#offset, this.#sum, this.#weightedSum] = [offset, sum, weightedSum];
    return at;
  }

  #isDataComplete(): boolean {
    const isSplit = (this.#weightedSum & splitMask) === splitMask;
    return this.#length > 0 && (isSplit || this.#length === maxChunk);
  }

  *#endHole(): Generator<ContentChunk, void, undefined> {
    const count = this.#zeros;
    this.#zeros = 0;
    yield* this.#endData();
    for (let rest = count; rest > 0; rest -= maxChunk)
      yield { kind: "zeros", size: Math.min(rest, maxChunk), bytes: undefined };
    this.#resetChecksum();
  }

  *#endData(): Generator<ContentChunk, void, undefined> {
    const bytes = Buffer.from(this.#data.subarray(0, this.#length));
    this.#length = 0;
    if (bytes.byteLength > 0) yield { kind: "data", size: bytes.byteLength, bytes };
  }

  /** Has the same effect as zeros that fill the window. */
  #resetChecksum(): void {
    this.#window.fill(0);
    this.#sum = initialSum;
    this.#weightedSum = initialWeightedSum;
  }
}

const minHole = 1024;
const maxChunk = 4 << 20;
const splitMask = 0xff_ff;
/** The constants of the rolling checksum of bup. */
const windowSize = 64;
const byteOffset = 31;
const initialSum = windowSize * byteOffset;
const initialWeightedSum = windowSize * (windowSize - 1) * byteOffset;
