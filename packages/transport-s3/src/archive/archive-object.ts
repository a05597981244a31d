import { ImageError } from "@drayage/core";
import type { ByteRange, OperationOptions } from "@drayage/core";
import { readAll, sliced } from "@drayage/core/content";
import type { RandomAccessBytes, ReadOptions } from "@drayage/image-archive";

import { isS3Error } from "../client/bucket.ts";
import type { Bucket, OpenedObject } from "../client/bucket.ts";
import { downloadBlob } from "../layout/blob-download.ts";
import type { S3Store } from "../layout/s3-store.ts";
import type { S3Folder } from "../s3-location.ts";

/** Bytes. Smaller ranges are cached: tar headers and small members are read several times. */
const maxPieceSize = 1 << 16;
const maxPieces = 256;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** An archive in a bucket. Reading fails if the object was replaced after it was opened. */
export class ArchiveObject implements RandomAccessBytes {
  readonly location: string;
  readonly size: number;
  readonly parallelReads = 64;
  readonly isRemote = true;
  readonly #store: S3Store;
  readonly #bucket: Bucket;
  readonly #key: string;
  /** Cached ranges, oldest first. */
  readonly #pieces: Piece[] = [];

  private constructor(
    store: S3Store,
    { bucket, prefix: key }: S3Folder,
    { size, etag }: Pick<OpenedObject, "size" | "etag">,
  ) {
    this.location = `s3://${bucket}/${key}`;
    this.size = size;
    this.#store = store;
    this.#bucket = store.bucket(bucket).withETag(etag);
    this.#key = key;
  }

  /** Opens an archive and reads its first bytes. @throws ImageError `not-found` */
  static async open(
    store: S3Store,
    location: S3Folder,
    options: OperationOptions = {},
  ): Promise<ArchiveObject> {
    const opened = await openStart(store.bucket(location.bucket), location.prefix, options);
    const object = new ArchiveObject(store, location, opened);
    try {
      await object.#cache(0, sliced(opened.bytes, { start: 0, end: maxPieceSize - 1 }));
    } catch {
      // It is read again when it is needed.
      options.signal?.throwIfAborted();
    }
    return object;
  }

  async *read(
    { start, end = this.size - 1 }: ByteRange,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (end - start >= maxPieceSize) yield* this.#download({ start, end }, options);
    else {
      const piece = await this.#pieceWith({ start, end }, options);
      yield piece.bytes.subarray(start - piece.start, end + 1 - piece.start);
    }
  }

  /** Drops the cached ranges. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces.length = 0;
  }

  async #pieceWith(
    { start, end }: { readonly start: number; readonly end: number },
    options: ReadOptions,
  ): Promise<Piece> {
    const cached = this.#pieces.find(
      (piece) => piece.start <= start && end < piece.start + piece.bytes.byteLength,
    );
    return (
      cached ??
      this.#cache(start, this.#download({ start, end }, { ...options, reuseBuffers: false }))
    );
  }

  async #cache(start: number, bytes: AsyncIterable<Uint8Array>): Promise<Piece> {
    const piece = { start, bytes: await readAll(bytes, maxPieceSize) };
    this.#pieces.push(piece);
    if (this.#pieces.length > maxPieces) this.#pieces.shift();
    return piece;
  }

  async *#download(
    range: ByteRange,
    options: ReadOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { partSize: rangeSize, reading: memory } = this.#store;
    try {
      yield* downloadBlob(this.#bucket, this.#key, { rangeSize, memory }, { ...options, range });
    } catch (cause) {
      if (!isS3Error(cause, "PreconditionFailed")) throw cause;
      const message = `${this.location} was replaced while it was read; copy again`;
      throw new ImageError("conflict", message, { cause });
    }
  }
}

async function openStart(
  bucket: Bucket,
  key: string,
  options: OperationOptions,
): Promise<OpenedObject> {
  try {
    const opened = await bucket.get(key, `0-${maxPieceSize - 1}`, options);
    if (opened !== undefined) return opened;
  } catch (error) {
    if (!isS3Error(error, "InvalidRange")) throw error;
    return { bytes: nothing(), isWhole: true, size: 0, etag: "" };
  }
  throw new ImageError("not-found", `No archive s3://${bucket.name}/${key}`);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
