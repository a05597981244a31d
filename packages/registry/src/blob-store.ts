import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

import { algorithmOf, hexOf } from "@drayage/core";
import type { ByteRange, Digest } from "@drayage/core";

/** Stores the bytes of blobs of all repositories. Does not verify digests. */
export interface BlobStore {
  read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Starts to write a blob whose digest is not known yet. */
  newWriter(): Promise<BlobWriter>;
}

/** A blob that is being written. Ends with `commit` or `discard`. */
export interface BlobWriter {
  append(bytes: Uint8Array): Promise<void>;
  /** Drops everything after the first `size` bytes. */
  truncate(size: number): Promise<void>;
  /** Reads everything written so far. */
  read(): AsyncIterable<Uint8Array>;
  commit(digest: Digest): Promise<void>;
  discard(): Promise<void>;
}

export function memoryBlobStore(): BlobStore {
  const blobs = new Map<Digest, Uint8Array>();
  return {
    async *read(digest, { start, end } = { start: 0 }) {
      const blob = blobs.get(digest) ?? new Uint8Array(0);
      yield blob.subarray(start, (end ?? blob.byteLength) + 1);
    },
    async newWriter() {
      const chunks: Uint8Array[] = [];
      return {
        append: async (bytes) => void chunks.push(bytes),
        async truncate(size) {
          const kept = Buffer.concat(chunks).subarray(0, size);
          chunks.splice(0, Infinity, kept);
        },
        async *read() {
          yield* chunks;
        },
        commit: async (digest) => void blobs.set(digest, Buffer.concat(chunks)),
        discard: async () => {},
      };
    },
  };
}

/** Stores blobs as files in a folder, so that memory does not grow with them. */
export function folderBlobStore(folder: string): BlobStore {
  const pathOf = (digest: Digest): string => join(folder, algorithmOf(digest), hexOf(digest));
  return {
    read: (digest, range = { start: 0 }) => fileBytes(pathOf(digest), range),
    async newWriter() {
      const path = join(folder, "uploads", randomUUID());
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "wx");
      let size = 0;
      return {
        async append(bytes) {
          await writeAll(file, bytes, size);
          size += bytes.byteLength;
        },
        async truncate(kept) {
          await file.truncate(kept);
          size = kept;
        },
        read: () => fileBytes(path, { start: 0 }),
        async commit(digest) {
          await file.close();
          await mkdir(dirname(pathOf(digest)), { recursive: true });
          await rename(path, pathOf(digest));
        },
        async discard() {
          await file.close();
          await rm(path);
        },
      };
    },
  };
}

async function* fileBytes(
  path: string,
  range: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, end = Infinity } = range;
  yield* createReadStream(path, { start, end, highWaterMark: 1 << 20 });
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    at += (await file.write(bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
  }
}
