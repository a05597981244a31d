import type { ByteRange, GetBlobOptions } from "@drayage/core";

/** How bytes are read. */
export type ReadOptions = Omit<GetBlobOptions, "range">;

/** Bytes that can be read from any place on: a file, an object in a bucket. */
export interface RandomAccessBytes extends AsyncDisposable {
  /** Where they are, for messages. */
  readonly place: string;
  /** How many there are. */
  readonly size: number;
  /** How many ranges may be read at once. */
  readonly parallelReads: number;
  /** True where each read is a request to another machine. */
  readonly isRemote?: boolean;
  /** Lazy, as `ImageSource.getBlob`: a range within the size, in chunks. */
  read(range: ByteRange, options?: ReadOptions): AsyncIterable<Uint8Array>;
}
