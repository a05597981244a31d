import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The immutable bytes of one request. */
export interface Segment {
  readonly size: number;
  /** From `start` to `end`, exclusive. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** The bytes of an object, in order. */
export type Content = readonly Segment[];

/** Stores segments. */
export interface ContentStore {
  /** Stores nothing if the source throws. */
  add(bytes: AsyncIterable<Uint8Array>): Promise<Segment>;
}

export function sizeOf(content: Content): number {
  return content.reduce((sum, { size }) => sum + size, 0);
}

/** Reads a range of an object across segments. */
export async function* readContent(
  content: Content,
  start: number = 0,
  end: number = Infinity,
): AsyncGenerator<Uint8Array, void, undefined> {
  let before = 0;
  for (const segment of content) {
    const [from, to] = [Math.max(start - before, 0), Math.min(end - before, segment.size)];
    if (from < to) yield* segment.read(from, to);
    before += segment.size;
  }
}

/** A range as content of its own, without copying bytes. */
export function sliceOf(content: Content, start: number, end: number): Content {
  const read: Segment["read"] = (from, to) => readContent(content, start + from, start + to);
  return [{ size: end - start, read }];
}

export function memoryContent(): ContentStore {
  return {
    async add(bytes) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      return {
        size: whole.byteLength,
        async *read(start, end) {
          yield whole.subarray(start, end);
        },
      };
    },
  };
}

/** Stores each segment as a file, so that memory does not grow with them. Files are never deleted. */
export function folderContent(folder: string): ContentStore {
  return {
    async add(bytes) {
      await mkdir(folder, { recursive: true });
      const path = join(folder, randomUUID());
      const file = createWriteStream(path, { flags: "wx", highWaterMark: 1 << 20 });
      try {
        await pipeline(Readable.from(bytes), file);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return {
        size: file.bytesWritten,
        async *read(start, end) {
          yield* createReadStream(path, { start, end: end - 1, highWaterMark: 1 << 20 });
        },
      };
    },
  };
}
