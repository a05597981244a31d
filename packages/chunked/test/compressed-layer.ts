import zlib from "node:zlib";

import { zstdChunked } from "@drayage/chunked";
import { decompressed, readAll } from "@drayage/core/content";

/** A layer compressed as zstd:chunked, and what it consists of. */
export interface ChunkedLayer {
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
  readonly contents: TableOfContents;
  /** The lines of tar-split. */
  readonly tarSplit: string;
}

export interface TableOfContents {
  readonly version: number;
  readonly entries: readonly ContentsEntry[];
  readonly tarSplitDigest: string;
}

export interface ContentsEntry {
  readonly type: string;
  readonly name: string;
  readonly size?: number;
  readonly digest?: string;
  readonly offset?: number;
  readonly endOffset?: number;
  readonly chunkOffset?: number;
  readonly chunkSize?: number;
  readonly chunkDigest?: string;
  readonly chunkType?: string;
  readonly [field: string]: unknown;
}

export async function chunked(tar: Uint8Array, chunkSize = 10_000): Promise<ChunkedLayer> {
  const layer = zstdChunked().compress(inChunks(tar, chunkSize), {});
  const bytes = Buffer.from(await readAll(layer.bytes, 1 << 28));
  const annotations = layer.annotations();
  const position = (name: string): readonly number[] =>
    (annotations[`io.github.containers.zstd-chunked.${name}-position`] ?? "")
      .split(":")
      .map(Number);
  const textAt = ([start = 0, size = 0, textSize]: readonly number[]): string => {
    const text = zlib.zstdDecompressSync(bytes.subarray(start, start + size));
    if (text.byteLength !== textSize) throw new Error("The uncompressed size is wrong");
    return text.toString();
  };
  return {
    bytes,
    annotations,
    contents: JSON.parse(textAt(position("manifest"))) as TableOfContents,
    tarSplit: textAt(position("tarsplit")),
  };
}

export async function uncompressed(bytes: Uint8Array): Promise<Buffer> {
  return Buffer.from(await readAll(decompressed(inChunks(bytes, 10_000), "zstd"), 1 << 28));
}

/** Overwrites each chunk after use, like a source with reusable buffers. */
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.byteLength; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.byteLength);
    buffer.fill(0xee);
  }
}
