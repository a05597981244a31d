import type { ByteRange, GetBlobOptions } from "@drayage/core";

/** Something that can be read by ranges, each with a request of its own: a blob of a registry, an object of a bucket. */
export interface RangeSource {
  /** For people, behind "Could not": `read the blob sha256:… of docker.io/library/alpine`. */
  readonly doing: string;
  /** Of all of it, in bytes, where it is known before anybody asks. */
  readonly size?: number | undefined;
  /**
   * Asks once for the bytes of a range. What it throws is asked again where that is an `ImageError` that is `retryable`
   * and not given up by `options.retries` yet, which are always there.
   */
  readonly open: (range: ByteRange, options: ReadRangeOptions) => Promise<OpenedRange>;
  /** What to throw for what an answer broke off with. Default: the same. */
  readonly errorOf?: ((cause: unknown) => unknown) | undefined;
}

/** How a range is read. */
export type ReadRangeOptions = Omit<GetBlobOptions, "range">;

/** An answer that has a range in it, or everything. */
export interface OpenedRange {
  /** The range that was asked for, or all bytes from the first on. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** True where the other side does not know ranges: what was not asked for is skipped. */
  readonly isWhole: boolean;
  /** Of everything, in bytes; undefined where the answer does not tell. */
  readonly size: number | undefined;
}
