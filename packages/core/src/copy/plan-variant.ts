import { mediaTypes } from "../manifest/media-types.ts";
import { blobStep, configStep, withTransformedType } from "./blob-step.ts";
import { preserve } from "./blob-transform.ts";
import type { LayerTransform } from "./blob-transform.ts";
import type { MissingVariant } from "./compression-variants.ts";
import type { ManifestPlan, PlanContext } from "./manifest-plan.ts";
import { mayStayExternal } from "./plan-image.ts";
import { targetTypeOf } from "./target-type.ts";

/** Plans an additional instance with the layers of another instance in another compression. */
export function planVariant(
  { manifest, name, change, reason }: MissingVariant,
  context: PlanContext,
): ManifestPlan {
  const { accepts, cachedBlobs } = context.facts;
  const transform: LayerTransform = { kind: "layer", compression: change };
  const layers = manifest.layers.map((layer) => withTransformedType(layer, transform));
  const options =
    change.format === "zstd"
      ? { ...context.options, manifestMIMEType: mediaTypes.ociManifest }
      : context.options;
  const { mediaType } = targetTypeOf({ ...manifest, layers }, accepts, options, undefined);
  const blobs = manifest.layers
    .filter((layer) => !mayStayExternal(layer, context))
    .map((layer) => {
      const step = blobStep(layer, transform, cachedBlobs);
      const isRecompressed = step.digest === undefined;
      return isRecompressed ? { ...step, variant: name } : blobStep(layer, preserve, cachedBlobs);
    });
  return {
    blobs: [...blobs, configStep(manifest, mediaType, cachedBlobs)],
    mediaType,
    fallbacks: [],
    omitted: [],
    result: undefined,
    reason,
  };
}
