import { createHash } from "node:crypto";

import type { ContentChunk, ContentChunks } from "./content-chunks.ts";
import type { StoredChunk } from "./contents-entry.ts";
import { CRC64 } from "./crc64.ts";
import type { Frames } from "./frames.ts";

/** The content of one file: writes its chunks as frames, and computes the checksums. */
export class FileContent {
  readonly #frames: Frames;
  readonly #splitter: ContentChunks;
  readonly #hash = createHash("sha256");
  readonly #checksum = new CRC64();
  readonly #chunks: StoredChunk[] = [];
  /** The bytes of the first chunk, until there is a second one, which makes its digest necessary. */
  #first: Uint8Array | undefined;
  #size = 0;

  /** The splitter is used for one file after another. */
  constructor(frames: Frames, splitter: ContentChunks) {
    this.#frames = frames;
    this.#splitter = splitter;
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#checksum.update(bytes);
    for (const chunk of this.#splitter.add(bytes)) this.#write(chunk);
  }

  /** Ends the content. */
  end(): {
    readonly chunks: readonly StoredChunk[];
    readonly digest: string | undefined;
    readonly checksum: Buffer | undefined;
  } {
    for (const chunk of this.#splitter.end()) this.#write(chunk);
    if (this.#chunks.length === 0) return { chunks: [], digest: undefined, checksum: undefined };
    const digest = `sha256:${this.#hash.digest("hex")}`;
    return { chunks: this.#chunks, digest, checksum: this.#checksum.digest() };
  }

  #write({ kind, size, bytes = Buffer.alloc(size) }: ContentChunk): void {
    const position = this.#frames.add(bytes);
    const [first] = this.#chunks;
    if (first !== undefined && this.#first !== undefined) {
      this.#chunks[0] = { ...first, digest: digestOf(this.#first) };
      this.#first = undefined;
    }
    const isFirst = first === undefined;
    if (isFirst) this.#first = bytes;
    const digest = isFirst ? undefined : digestOf(bytes);
    this.#chunks.push({ position, offset: this.#size, size, kind, digest });
    this.#size += size;
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
