/** Bytes from `start` up to and including `end`, or to the end of the blob. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}
