import type { ByteRange, GetBlobOptions } from "@drayage/core";

/** Content that can be read in ranges, each with its own request: a blob of a registry, an object of a bucket. */
export interface RangeSource {
  /** For messages, after "Could not": `read the blob sha256:… of docker.io/library/alpine`. */
  readonly operation: string;
  /** The size of the content in bytes, if known before a request. */
  readonly size?: number | undefined;
  /**
   * Requests a range once. A `retryable` `ImageError` is retried if `options.retries` allows it. `options.retries` is
   * always set.
   */
  readonly open: (range: ByteRange, options: ReadRangeOptions) => Promise<OpenedRange>;
  /** The error to throw for an error of the response body. Default: the same error. */
  readonly errorOf?: ((cause: unknown) => unknown) | undefined;
}

/** Options for reading a range. */
export type ReadRangeOptions = Omit<GetBlobOptions, "range">;

/** A response with a range, or with the whole content. */
export interface OpenedRange {
  /** The requested range, or the whole content. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** True if the server does not support ranges. Bytes outside of the range are then skipped. */
  readonly isWhole: boolean;
  /** The size of the whole content in bytes; undefined if the response does not contain it. */
  readonly size: number | undefined;
}
