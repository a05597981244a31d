import { compressed } from "../compression/compression.ts";
import type { Compression } from "../compression/compression.ts";
import type { UsedCompressor } from "../contract/blob-info-cache.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import { ImageError } from "../names/image-error.ts";
import type { CompressionChange, RecompressionChange } from "./blob-transform.ts";
import type { ExecuteOptions } from "./copy-options.ts";

/** The change to a compressed layer. */
type Target = Exclude<CompressionChange, { readonly kind: "decompress" }>;

/** The compression that a layer gets: a change, or `none`; undefined if the layer is not changed. */
export function targetOf(
  change: CompressionChange,
  current: Compression,
  { annotations }: Descriptor,
): Target | "none" | undefined {
  switch (change.kind) {
    case "compress":
      return current === "none" ? change : undefined;
    case "decompress":
      return current === "none" ? undefined : "none";
    case "recompress":
      return isDone(change, current, annotations) ? undefined : change;
  }
}

function isDone(
  { format, compressor }: RecompressionChange,
  current: Compression,
  annotations: Descriptor["annotations"],
): boolean {
  const hasAnnotation = !compressor || annotations?.[compressor.annotation] !== undefined;
  return current === format && hasAnnotation;
}

/** Compresses an uncompressed layer. @throws ImageError `unsupported` without the compressor of the plan */
export function compressedLayer(
  bytes: AsyncIterable<Uint8Array>,
  target: Target,
  compressors: ExecuteOptions["compressors"],
): {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The compressor and its annotations, when all bytes were read. */
  readonly added?: () => UsedCompressor;
} {
  const name = target.kind === "recompress" ? target.compressor?.name : undefined;
  if (name === undefined) return { bytes: compressed(bytes, target) };
  const compressor = compressors?.find((one) => one.name === name);
  if (compressor !== undefined) {
    const layer = compressor.compress(bytes, { level: target.level });
    return { bytes: layer.bytes, added: () => ({ name, annotations: layer.annotations() }) };
  }
  throw new ImageError(
    "unsupported",
    `The plan compresses layers with ${name}, and \`compressors\` has none with that name; pass the compressor`,
  );
}
