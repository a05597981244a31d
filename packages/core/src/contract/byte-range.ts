/** The bytes from `start` up to and including `end`. Default of `end`: the last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}
