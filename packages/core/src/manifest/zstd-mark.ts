import type { Descriptor } from "../contract/blob-info.ts";
import { layerCompressionOf } from "./layer-media-types.ts";
import type { ImageManifest } from "./manifest.ts";

/** How containers/image marks an instance whose layers are zstd. */
const zstdAnnotation = "io.github.containers.compression.zstd";

/** Whether an entry of an index says that its layers are zstd. */
export function isMarkedZstd({ annotations }: Pick<Descriptor, "annotations">): boolean {
  return annotations?.[zstdAnnotation] === "true";
}

/** The entry with the mark that fits its layers. */
export function withZstdMark(entry: Descriptor, hasZstd: boolean): Descriptor {
  if (isMarkedZstd(entry) === hasZstd) return entry;
  const { [zstdAnnotation]: _, ...others } = entry.annotations ?? {};
  return { ...entry, annotations: hasZstd ? { ...others, [zstdAnnotation]: "true" } : others };
}

/** Whether one of its layers is of a zstd type. */
export function hasZstdLayers({ layers }: ImageManifest): boolean {
  return layers.some(({ mediaType }) => layerCompressionOf(mediaType) === "zstd");
}
