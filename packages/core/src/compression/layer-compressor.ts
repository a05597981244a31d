/** Compresses layers in a format that extends gzip or zstd, so that any decompressor of that format reads them. */
export interface LayerCompressor {
  /** The name by which copies request it: `zstd:chunked`. */
  readonly name: string;
  /** The format that determines the media type. */
  readonly baseFormat: "gzip" | "zstd";
  /** The key of an annotation that all of its layers have. A layer with it is not compressed again. */
  readonly annotation: string;
  /** Compresses one layer. `level` is a level of the base format, or undefined for the default. */
  compress(
    bytes: AsyncIterable<Uint8Array>,
    options: { readonly level?: number | undefined },
  ): CompressedLayer;
}

/** A layer that is being compressed. */
export interface CompressedLayer {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The annotations of the layer's descriptor. Called when all bytes were read. */
  annotations(): Readonly<Record<string, string>>;
}
