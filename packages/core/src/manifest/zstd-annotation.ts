import type { Descriptor } from "../contract/blob-info.ts";
import { layerCompressionOf } from "./layer-media-types.ts";
import type { ImageManifest } from "./manifest.ts";

/** The annotation of containers/image for index entries with zstd layers. */
const annotationKey = "io.github.containers.compression.zstd";

/** Whether an index entry is annotated as having zstd layers. */
export function hasZstdAnnotation({ annotations }: Pick<Descriptor, "annotations">): boolean {
  return annotations?.[annotationKey] === "true";
}

/** Adds or removes the annotation. */
export function withZstdAnnotation(entry: Descriptor, hasZstd: boolean): Descriptor {
  if (hasZstdAnnotation(entry) === hasZstd) return entry;
  const { [annotationKey]: _, ...others } = entry.annotations ?? {};
  return { ...entry, annotations: hasZstd ? { ...others, [annotationKey]: "true" } : others };
}

/** Whether any layer has a zstd media type. */
export function hasZstdLayers({ layers }: ImageManifest): boolean {
  return layers.some(({ mediaType }) => layerCompressionOf(mediaType) === "zstd");
}
