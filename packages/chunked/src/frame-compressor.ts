import zlib from "node:zlib";

/** Compresses one frame of zstd after another on a thread. It keeps its memory, which costs more than a small frame. */
export class FrameCompressor {
  readonly #stream: zlib.ZstdCompress;
  #output: Buffer[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #pendingBytes = 0;

  constructor(level: number) {
    this.#stream = zlib.createZstdCompress({ params: parametersOf(level), chunkSize });
    this.#stream.on("data", (chunk: Buffer) => this.#output.push(chunk));
  }

  /** The size of the frames that wait or are being compressed. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Compresses bytes, which must not change. */
  async frame(bytes: Uint8Array): Promise<Uint8Array> {
    const before = this.#last;
    const frame = before.then(async () => this.#compress(bytes));
    this.#last = frame;
    this.#pendingBytes += bytes.byteLength;
    return frame;
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async #compress(bytes: Uint8Array): Promise<Uint8Array> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.once("error", reject);
      this.#stream.write(bytes);
      this.#stream.flush(zlib.constants.ZSTD_e_end, () => {
        this.#stream.removeListener("error", reject);
        resolve();
      });
    });
    const output = Buffer.concat(this.#output);
    this.#output = [];
    this.#pendingBytes -= bytes.byteLength;
    return withoutEmptyFrame(output, bytes);
  }
}

const chunkSize = 1 << 17;

function parametersOf(level: number): NonNullable<zlib.ZstdOptions["params"]> {
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel, ZSTD_c_windowLog } = zlib.constants;
  const parameters = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 };
  // Decoders should support 8 MiB, and encoders should not require more (RFC 8878, "Window Descriptor").
  return level < 20 ? parameters : { ...parameters, [ZSTD_c_windowLog]: 23 };
}

const emptyFrame = zlib.zstdCompressSync(Buffer.alloc(0), { params: parametersOf(3) });

/** Removes the empty frame that Node adds if a frame ends where its output buffer ends. */
function withoutEmptyFrame(output: Buffer, content: Uint8Array): Buffer {
  const start = output.byteLength - emptyFrame.byteLength;
  if (start <= 0 || !output.subarray(start).equals(emptyFrame)) return output;
  const frame = output.subarray(0, start);
  return isFrameOf(frame, content) ? frame : output;
}

function isFrameOf(frame: Buffer, content: Uint8Array): boolean {
  try {
    return zlib.zstdDecompressSync(frame).equals(content);
  } catch {
    return false;
  }
}
