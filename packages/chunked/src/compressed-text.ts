import { createHash } from "node:crypto";
import { once } from "node:events";
import zlib from "node:zlib";

/** Compresses a text with zstd in memory while it is written, because it is much larger than the result. */
export class CompressedText {
  readonly #stream = zlib.createZstdCompress();
  readonly #chunks: Buffer[] = [];
  #pending = "";
  #size = 0;

  constructor() {
    this.#stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
  }

  async write(text: string): Promise<void> {
    this.#pending += text;
    if (this.#pending.length >= minWrite) await this.#flush();
  }

  /** Ends the text. */
  async end(): Promise<{
    readonly bytes: Buffer;
    readonly digest: string;
    readonly textSize: number;
  }> {
    await this.#flush();
    const ended = once(this.#stream, "end");
    this.#stream.end();
    await ended;
    const bytes = Buffer.concat(this.#chunks);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    return { bytes, digest, textSize: this.#size };
  }

  destroy(): void {
    this.#stream.destroy();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#pending);
    this.#pending = "";
    if (bytes.byteLength === 0) return;
    this.#size += bytes.byteLength;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

const minWrite = 1 << 16;
