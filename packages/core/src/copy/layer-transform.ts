import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";

/** How the destination wants layers. Generated manifests have no digest to preserve, so it may differ for them. */
export function layerTransform(
  { generatesManifests = false }: SourceOffers,
  { layers, generatedLayers = layers }: DestinationAccepts,
): DestinationAccepts["layers"] {
  return generatesManifests ? generatedLayers : layers;
}

/** Requires OCI manifests for zstd layers, which Docker's formats do not have. @throws ImageError `impossible-copy` */
export function withOCIForZstd(options: PlanOptions, { offers, accepts }: CopyFacts): PlanOptions {
  const { compression, manifestMIMEType = mediaTypes.ociManifest } = options;
  if (compression !== "zstd" || layerTransform(offers, accepts) !== "compress") return options;
  if (manifestMIMEType === mediaTypes.ociManifest) return { ...options, manifestMIMEType };
  throw new ImageError(
    "impossible-copy",
    `Layers compressed with zstd need ${mediaTypes.ociManifest}, but ${manifestMIMEType} was requested`,
  );
}
