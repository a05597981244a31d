import { ImageError } from "@drayage/core";
import type { ByteRange, OperationOptions } from "@drayage/core";
import { readAll, sliced } from "@drayage/core/content";
import type { RandomAccessBytes, ReadOptions } from "@drayage/image-archive";

import { isS3Error } from "../client/bucket.ts";
import type { Bucket, OpenedObject } from "../client/bucket.ts";
import { downloadBlob } from "../layout/blob-download.ts";
import type { S3Store } from "../layout/s3-store.ts";
import type { S3Folder } from "../s3-location.ts";

/** What is no larger is held: headers of a tar, and the small things beside them, which are asked for later. */
const pieceSize = 1 << 16;
const mostPieces = 256;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** An archive in a bucket, as it was when it was opened: what takes its place meanwhile is an error. */
export class ArchiveObject implements RandomAccessBytes {
  readonly location: string;
  readonly size: number;
  readonly parallelReads = 64;
  readonly isRemote = true;
  readonly #store: S3Store;
  readonly #bucket: Bucket;
  readonly #key: string;
  /** The oldest first. */
  readonly #pieces: Piece[] = [];

  private constructor(
    store: S3Store,
    { bucket, prefix: key }: S3Folder,
    { size, etag }: Pick<OpenedObject, "size" | "etag">,
  ) {
    this.location = `s3://${bucket}/${key}`;
    this.size = size;
    this.#store = store;
    this.#bucket = store.bucket(bucket).only(etag);
    this.#key = key;
  }

  /** Reads its beginning. @throws ImageError `not-found` */
  static async open(
    store: S3Store,
    location: S3Folder,
    options: OperationOptions = {},
  ): Promise<ArchiveObject> {
    const opened = await openStart(store.bucket(location.bucket), location.prefix, options);
    const object = new ArchiveObject(store, location, opened);
    try {
      await object.#hold(0, sliced(opened.bytes, { start: 0, end: pieceSize - 1 }));
    } catch {
      // It is read again when it is wanted.
      options.signal?.throwIfAborted();
    }
    return object;
  }

  async *read(
    { start, end = this.size - 1 }: ByteRange,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (end - start >= pieceSize) yield* this.#download({ start, end }, options);
    else {
      const piece = await this.#pieceWith({ start, end }, options);
      yield piece.bytes.subarray(start - piece.start, end + 1 - piece.start);
    }
  }

  /** There is nothing to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces.length = 0;
  }

  async #pieceWith(
    { start, end }: { readonly start: number; readonly end: number },
    options: ReadOptions,
  ): Promise<Piece> {
    const held = this.#pieces.find(
      (piece) => piece.start <= start && end < piece.start + piece.bytes.byteLength,
    );
    return (
      held ?? this.#hold(start, this.#download({ start, end }, { ...options, reuseBuffers: false }))
    );
  }

  async #hold(start: number, bytes: AsyncIterable<Uint8Array>): Promise<Piece> {
    const piece = { start, bytes: await readAll(bytes, pieceSize) };
    this.#pieces.push(piece);
    if (this.#pieces.length > mostPieces) this.#pieces.shift();
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
      const message = `${this.location} was replaced while it was read: copy again`;
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
    const opened = await bucket.get(key, `0-${pieceSize - 1}`, options);
    if (opened !== undefined) return opened;
  } catch (error) {
    if (!isS3Error(error, "InvalidRange")) throw error;
    return { bytes: nothing(), isWhole: true, size: 0, etag: "" };
  }
  throw new ImageError("not-found", `No archive s3://${bucket.name}/${key}`);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
