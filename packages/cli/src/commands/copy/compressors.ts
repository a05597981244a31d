import type { LayerCompressor } from "@drayage/core/copy";

import type { CopyFlags } from "./copy-flags.ts";

/** The compressors that the flags name, loaded only if they do. */
export async function compressorsOf({
  destCompressFormat,
  addCompression = [],
}: Pick<CopyFlags, "destCompressFormat" | "addCompression">): Promise<readonly LayerCompressor[]> {
  const formats = [destCompressFormat, ...addCompression.map(({ format }) => format)];
  if (!formats.includes("zstd:chunked")) return [];
  const { zstdChunked } = await import("@drayage/chunked");
  return [zstdChunked()];
}
