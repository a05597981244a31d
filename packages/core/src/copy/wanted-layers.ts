import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";

/** How the destination wants layers. Generated manifests have no digest to preserve, so it may differ for them. */
export function wantedLayers(
  { generatesManifests = false }: SourceOffers,
  { layers, generatedLayers = layers }: DestinationAccepts,
): DestinationAccepts["layers"] {
  return generatesManifests ? generatedLayers : layers;
}
