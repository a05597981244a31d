/** A part of a file that people read. */
export interface ReadableText {
  readonly text: string;
  /** The offset in the file. */
  readonly start: number;
}
