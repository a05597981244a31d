import type { DestinationAccepts } from "../contract/image-destination.ts";
import type { SourceOffers } from "../contract/image-source.ts";

/** What becomes of layers: a manifest that the source generates has no digest that a change could lose. */
export function layerTransform(
  { generatesManifests = false }: SourceOffers,
  { layers, generatedLayers = layers }: DestinationAccepts,
): DestinationAccepts["layers"] {
  return generatesManifests ? generatedLayers : layers;
}
