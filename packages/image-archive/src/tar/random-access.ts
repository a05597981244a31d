import type { ByteRange, GetBlobOptions } from "@drayage/core";

/** Options of `RandomAccessBytes.read`. */
export type ReadOptions = Omit<GetBlobOptions, "range">;

/** Bytes that can be read from any offset: a file, or an object in a bucket. */
export interface RandomAccessBytes extends AsyncDisposable {
  /** The path or URL, for messages. */
  readonly location: string;
  /** The size in bytes. */
  readonly size: number;
  /** The maximum number of concurrent reads. */
  readonly parallelReads: number;
  /** True if each read is a network request. */
  readonly isRemote?: boolean;
  /** Reads a range within the size in chunks. Lazy, as `ImageSource.getBlob`. */
  read(range: ByteRange, options?: ReadOptions): AsyncIterable<Uint8Array>;
}
