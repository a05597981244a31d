/**
 * Splits chunks at the ends of zstd frames (RFC 8878), because Node decompresses only the first frame of a chunk and
 * silently ignores the others. @throws Error if a frame is truncated, or followed by other data
 */
export async function* splitAtFrames(
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
  if (!scanner.isBetweenFrames) throw new Error("zstd: unexpected end of data");
}

/** A part of a frame: a field to interpret, or content to skip, with its length in bytes. */
type FramePart = { readonly field: number } | { readonly content: number };

class FrameScanner {
  readonly #field = Buffer.alloc(8);
  #parts = partsOfFrame();
  #part: FramePart | undefined;
  /** The remaining bytes of the part. */
  #remaining = 0;

  get isBetweenFrames(): boolean {
    return this.#part === undefined;
  }

  /** Scans a chunk from `at`. Returns the position after the current frame, or the end of the chunk. */
  scan(chunk: Uint8Array, at: number): number {
    if (this.#part === undefined) this.#startFrame();
    for (let end = at; ;) {
      const count = Math.min(this.#remaining, chunk.byteLength - end);
      this.#consume(chunk.subarray(end, end + count));
      end += count;
      if (this.#remaining > 0) return end;
      this.#nextPart();
      if (this.#part === undefined) return end;
    }
  }

  #startFrame(): void {
    this.#parts = partsOfFrame();
    this.#nextPart();
  }

  #consume(bytes: Uint8Array): void {
    const part = this.#part;
    if (part !== undefined && "field" in part) this.#field.set(bytes, part.field - this.#remaining);
    this.#remaining -= bytes.byteLength;
  }

  #nextPart(): void {
    const next = this.#parts.next(this.#field);
    this.#part = next.done ? undefined : next.value;
    this.#remaining = next.done ? 0 : "field" in next.value ? next.value.field : next.value.content;
  }
}

/** Yields the parts of a frame. Receives the bytes of each field that it yields. */
function* partsOfFrame(): Generator<FramePart, void, Buffer> {
  const magic = (yield { field: 4 }).readUInt32LE(0);
  if ((magic & 0xff_ff_ff_f0) >>> 0 === skippableMagic) {
    yield { content: (yield { field: 4 }).readUInt32LE(0) };
    return;
  }
  if (magic !== frameMagic) throw new Error("zstd: unexpected data after a frame");
  const descriptor = (yield { field: 1 }).readUInt8(0);
  yield { content: headerSize(descriptor) };
  for (let isLast = false; !isLast;) {
    const head = (yield { field: 3 }).readUIntLE(0, 3);
    isLast = (head & 1) === 1;
    const isRLE = ((head >> 1) & 3) === 1;
    yield { content: isRLE ? 1 : head >> 3 };
  }
  const hasChecksum = (descriptor & 4) !== 0;
  yield { content: hasChecksum ? 4 : 0 };
}

const frameMagic = 0xfd_2f_b5_28;
const skippableMagic = 0x18_4d_2a_50;

/** The size of the fields after the descriptor: window, dictionary ID and content size. */
function headerSize(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionary + content;
}
