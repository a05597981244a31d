/** Smaller chunks are copied together. */
const smallSize = 1 << 12;
const blockSize = 1 << 16;
/** Chunks that may wait without being copied. */
const maxSeparate = 16;

/**
 * Received chunks that wait to be read. If many wait, small ones are copied together: memory and time depend on the
 * number of bytes, not on the size of the chunks that the sender chose.
 */
export class ChunkQueue {
  readonly #chunks: (Uint8Array | undefined)[] = [];
  #head = 0;
  #block: Uint8Array | undefined;
  #filled = 0;
  #byteLength = 0;

  /** The size of all waiting chunks, in bytes. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds a chunk: `kept` as it is, `joined` with the chunk before it if both are adjacent in the same memory, or
   * `copied`, so that its memory can be reused.
   */
  add(chunk: Uint8Array): "kept" | "joined" | "copied" {
    this.#byteLength += chunk.byteLength;
    const last = this.#isEmpty ? undefined : this.#chunks.at(-1);
    const together = last && joined(last, chunk);
    if (together !== undefined) {
      this.#chunks[this.#chunks.length - 1] = together;
      return "joined";
    }
    const isCrowded = this.#chunks.length - this.#head >= maxSeparate;
    if (isCrowded && chunk.byteLength < smallSize) {
      this.#copy(chunk);
      return "copied";
    }
    this.#block = undefined;
    this.#chunks.push(chunk);
    return "kept";
  }

  /** Removes the oldest chunk and returns it. */
  shift(): Uint8Array | undefined {
    if (this.#isEmpty) return undefined;
    const chunk = this.#chunks[this.#head];
    this.#chunks[this.#head++] = undefined;
    if (this.#isEmpty) this.#block = undefined;
    if (this.#isEmpty || this.#head > 1024) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
    this.#byteLength -= chunk?.byteLength ?? 0;
    return chunk;
  }

  get #isEmpty(): boolean {
    return this.#head === this.#chunks.length;
  }

  #copy(chunk: Uint8Array): void {
    if (this.#block === undefined || this.#filled + chunk.byteLength > blockSize) {
      this.#block = new Uint8Array(blockSize);
      this.#filled = 0;
      this.#chunks.push(this.#block);
    }
    this.#block.set(chunk, this.#filled);
    this.#filled += chunk.byteLength;
    this.#chunks[this.#chunks.length - 1] = this.#block.subarray(0, this.#filled);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array | undefined {
  if (first.buffer !== second.buffer) return undefined;
  if (first.byteOffset + first.byteLength !== second.byteOffset) return undefined;
  return new Uint8Array(first.buffer, first.byteOffset, first.byteLength + second.byteLength);
}
