import { requireLevel } from "../compression/compression-settings.ts";
import type { CompressionSettings } from "../compression/compression-settings.ts";
import type { LayerCompressor } from "../compression/layer-compressor.ts";
import { ImageError } from "../names/image-error.ts";
import { preserve } from "./blob-transform.ts";
import type { BlobTransform, CompressionChange } from "./blob-transform.ts";
import type { CompressionRequest } from "./compression-request.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { CopyOptions, PlanOptions } from "./copy-options.ts";
import { wantedLayers } from "./wanted-layers.ts";

/** How layers that may change are transformed. @throws ImageError `impossible-copy` if the request contradicts itself or the destination */
export function requestedTransform(facts: CopyFacts, options: PlanOptions): BlobTransform {
  const change = requestedChange(facts, options);
  return change === undefined ? preserve : { kind: "layer", compression: change };
}

/** The format that every layer must have; undefined if others are allowed. */
export function forcedFormat(options: PlanOptions): "gzip" | "zstd" | "none" | undefined {
  const { format, force } = requestOf(options);
  if (!force || format === undefined) return undefined;
  return format === "none" ? format : settingsOf({ format }, options).format;
}

/** Rejects a request that contradicts itself, whatever the image. @throws ImageError `impossible-copy` */
export function rejectContradiction(options: PlanOptions): void {
  const request = requestOf(options);
  const { format, level, force = false } = request;
  if (force && format === undefined)
    throw contradiction("a forced compression needs a format; set format (--dest-compress-format)");
  if (format === "none" && level !== undefined)
    throw contradiction("uncompressed layers have no level; remove the level");
  if (format !== "none") settingsOf(request, options);
}

/** Reports a compressor that the copy does not use for the layers that it encrypts. */
export function reportReplacedCompressor({
  compressors,
  encryption,
  onNotice,
  ...options
}: PlanOptions & Pick<CopyOptions, "onNotice">): void {
  const format = requestedFormat(options);
  const replaced = compressors?.find(({ name }) => name === format);
  if (encryption === undefined || replaced === undefined) return;
  const text = `Encrypted layers are compressed with ${replaced.baseFormat} instead of ${replaced.name}, because clients cannot read parts of them`;
  onNotice?.({ kind: "caution", text });
}

function requestedChange(
  { offers, accepts, destination }: CopyFacts,
  options: PlanOptions,
): CompressionChange | undefined {
  rejectContradiction(options);
  const request = requestOf(options);
  const { format, force = false } = request;
  const settings = format === "none" ? undefined : settingsOf(request, options);
  const wanted = wantedLayers(offers, accepts);
  if (wanted === "preserve" && !force) return undefined;
  if (settings === undefined) return { kind: "decompress" };
  if (wanted === "decompress") {
    if (!force) return { kind: "decompress" };
    throw contradiction(
      `${destination} stores uncompressed layers; copy without a forced compression`,
    );
  }
  // A generated manifest may have wrong media types, which a reused layer would keep.
  const keepsReused = !force && offers.generatesManifests !== true;
  return format === undefined
    ? { kind: "compress", ...settings }
    : { kind: "recompress", ...settings, ...(keepsReused && { keepsReused }) };
}

function requestOf({ compression = {} }: PlanOptions): CompressionRequest {
  return typeof compression === "string" ? { format: compression } : compression;
}

/** The name of the requested format; undefined if none is requested. */
export function requestedFormat(options: PlanOptions): string | undefined {
  return requestOf(options).format;
}

/** The settings for `CompressionChange`, without undefined members, so that a plan equals its JSON. @throws ImageError `impossible-copy` */
export function settingsOf(
  { format = "gzip", level, zstdFrames }: CompressionRequest,
  { compressors = [] }: PlanOptions,
): CompressionSettings & { readonly compressor?: Pick<LayerCompressor, "name" | "annotation"> } {
  const found = compressors.find(({ name }) => name === format);
  const settings: CompressionSettings = {
    format: found?.baseFormat ?? requireFormat(format, compressors),
    ...(level !== undefined && { level }),
    ...(zstdFrames !== undefined && { zstdFrames }),
  };
  requireLevel(settings);
  if (found === undefined) return settings;
  return { ...settings, compressor: { name: found.name, annotation: found.annotation } };
}

function requireFormat(format: string, compressors: readonly LayerCompressor[]): "gzip" | "zstd" {
  if (format === "gzip" || format === "zstd") return format;
  const known = ["gzip", "zstd", ...compressors.map(({ name }) => name)];
  throw contradiction(
    `layers cannot be compressed with ${JSON.stringify(format)}; use ${known.join(", ")} or none, or pass a compressor with that name`,
  );
}

function contradiction(text: string): ImageError {
  return new ImageError("impossible-copy", `The layers cannot be compressed as requested: ${text}`);
}
