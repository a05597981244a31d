/** Smaller chunks are copied together. */
const smallSize = 1 << 12;
const blockSize = 1 << 16;
/** The maximum number of chunks that are not copied. */
const maxSeparate = 16;

/**
 * Received chunks that are not read yet. If there are many, small ones are copied together, so that memory and time depend
 * on the number of bytes and not on the chunk sizes of the sender.
 */
export class ChunkQueue {
  readonly #chunks: (Uint8Array | undefined)[] = [];
  #head = 0;
  #block: Uint8Array | undefined;
  #filled = 0;
  #byteLength = 0;

  /** The total size of the chunks in bytes. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds a chunk. It is `kept` unchanged, `joined` with the previous chunk if both are adjacent in memory, or `copied`, so
   * that its memory can be reused.
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
