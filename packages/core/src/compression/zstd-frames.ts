/**
 * The same bytes, cut where a zstd frame ends (RFC 8878): Node unpacks no further than the first frame of what it is
 * given at once, and says nothing of the others. @throws Error where a frame is cut off, or something else follows
 */
export async function* cutAtFrames(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const scanner = new FrameScanner();
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.byteLength;) {
      const end = scanner.scan(chunk, at);
      yield chunk.subarray(at, end);
      at = end;
    }
  }
  if (!scanner.isBetweenFrames) throw new Error("zstd: it ends too early");
}

/** Bytes of a frame: those to be looked at together, or so many that mean nothing here. */
type Part = { readonly field: number } | { readonly content: number };

class FrameScanner {
  readonly #held = Buffer.alloc(8);
  #parts = partsOfFrame();
  #part: Part | undefined;
  /** Of the part, what is still to come. */
  #missing = 0;

  get isBetweenFrames(): boolean {
    return this.#part === undefined;
  }

  /** Where the frame that goes on at `at` ends, or the chunk. */
  scan(chunk: Uint8Array, at: number): number {
    if (this.#part === undefined) this.#begin();
    for (let end = at; ;) {
      const count = Math.min(this.#missing, chunk.byteLength - end);
      this.#hold(chunk.subarray(end, end + count));
      end += count;
      if (this.#missing > 0) return end;
      this.#proceed();
      if (this.#part === undefined) return end;
    }
  }

  #begin(): void {
    this.#parts = partsOfFrame();
    this.#proceed();
  }

  #hold(bytes: Uint8Array): void {
    const part = this.#part;
    if (part !== undefined && "field" in part) this.#held.set(bytes, part.field - this.#missing);
    this.#missing -= bytes.byteLength;
  }

  #proceed(): void {
    const next = this.#parts.next(this.#held);
    this.#part = next.done ? undefined : next.value;
    this.#missing = next.done ? 0 : "field" in next.value ? next.value.field : next.value.content;
  }
}

/** Gets each field that it asks for. */
function* partsOfFrame(): Generator<Part, void, Buffer> {
  const magic = (yield { field: 4 }).readUInt32LE(0);
  if ((magic & 0xff_ff_ff_f0) >>> 0 === skippableMagic) {
    yield { content: (yield { field: 4 }).readUInt32LE(0) };
    return;
  }
  if (magic !== frameMagic) throw new Error("zstd: something else follows it");
  const descriptor = (yield { field: 1 }).readUInt8(0);
  yield { content: headerSize(descriptor) };
  for (let isLast = false; !isLast;) {
    const head = (yield { field: 3 }).readUIntLE(0, 3);
    isLast = (head & 1) === 1;
    const isOneByteRepeated = ((head >> 1) & 3) === 1;
    yield { content: isOneByteRepeated ? 1 : head >> 3 };
  }
  const hasChecksum = (descriptor & 4) !== 0;
  yield { content: hasChecksum ? 4 : 0 };
}

const frameMagic = 0xfd_2f_b5_28;
const skippableMagic = 0x18_4d_2a_50;

/** Of what follows the descriptor: window, dictionary, size of the content. */
function headerSize(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionary + content;
}
