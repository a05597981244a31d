import type { CompressedForm, UsedCompressor } from "@drayage/core/blob-info-cache";

/** The compression of a form as text: its format, or JSON with the compressor. Earlier versions ignore the latter. */
export function formatCompression({
  compression,
  compressor,
}: Pick<CompressedForm, "compression" | "compressor">): string {
  if (compressor === undefined) return compression;
  const { name, annotations } = compressor;
  return JSON.stringify({ compression, name, annotations });
}

/** Parses the text of `formatCompression`. Returns undefined if it is not valid. */
export function parseCompression(
  text: string,
): Pick<CompressedForm, "compression" | "compressor"> | undefined {
  if (isFormat(text)) return { compression: text };
  const { compression, name, annotations } = parsed(text);
  if (!isFormat(compression) || typeof name !== "string" || !isAnnotations(annotations))
    return undefined;
  return { compression, compressor: { name, annotations } };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}

function isFormat(value: unknown): value is CompressedForm["compression"] {
  return value === "gzip" || value === "zstd";
}

function isAnnotations(value: unknown): value is UsedCompressor["annotations"] {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((annotation) => typeof annotation === "string")
  );
}
