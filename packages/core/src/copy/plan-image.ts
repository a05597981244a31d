import type { Descriptor } from "../contract/blob-info.ts";
import { layerCompressionOf } from "../manifest/layer-media-types.ts";
import { isArtifact } from "../manifest/manifest.ts";
import type { ArtifactManifest, ImageManifest } from "../manifest/manifest.ts";
import { isSchema1MediaType } from "../manifest/media-types.ts";
import { blobStep, configStep, withTransformedType } from "./blob-step.ts";
import { compressionChange, preserve } from "./blob-transform.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import type { BlobStep } from "./copy-plan.ts";
import { namedByDiffID, withDiffIDAsName } from "./digest-algorithm.ts";
import { impossibleChange } from "./impossible-copies.ts";
import { joinReasons, recompressed, unchanged } from "./manifest-plan.ts";
import type { ManifestPlan, PlanContext } from "./manifest-plan.ts";
import { rejectPreservedEncryption, withEncryption } from "./plan-encryption.ts";
import { forcedFormat, requestedTransform } from "./requested-compression.ts";
import { rewrittenManifest } from "./rewritten-manifest.ts";
import { targetTypeOf } from "./target-type.ts";

/** Plans the manifest of an image. `preserveReason` is why it must not change. */
export function planImage(
  facts: ManifestFacts,
  manifest: ImageManifest,
  preserveReason: string | undefined,
  context: PlanContext,
): ManifestPlan {
  const { accepts, cachedBlobs } = context.facts;
  rejectForcedChange(manifest, preserveReason, context.options);
  const isPreserved = preserveReason !== undefined || isArtifact(manifest);
  const transform = isPreserved ? preserve : requestedTransform(context.facts, context.options);
  const encryption = withEncryption(manifest, transform, context.options, (layer) =>
    mayStayExternal(layer, context),
  );
  const { transforms, encryptedLayers } = encryption;
  rejectPreservedEncryption(
    encryption,
    preserveReason ?? (isPreserved ? "artifacts are copied unchanged" : undefined),
  );
  const transformed = {
    ...manifest,
    layers: manifest.layers.map((layer, at) =>
      withTransformedType(layer, transforms[at] ?? transform),
    ),
  };
  const target = targetTypeOf(transformed, accepts, context.options, preserveReason);
  const isSchema1 = isSchema1MediaType(target.mediaType);
  const { generatesManifests = false } = context.facts.offers;
  const steps = manifest.layers.flatMap((layer, at) =>
    // Schema 1 has no URLs.
    isSchema1 || !mayStayExternal(layer, context)
      ? [layerStep(blobStep(layer, transforms[at] ?? transform, cachedBlobs), generatesManifests)]
      : [],
  );
  const config = configStep(manifest, target.mediaType, cachedBlobs);
  const layers = steps.map((step) => withDiffIDAsName(step, context.facts));
  const isRecompressed = steps.some(({ digest }) => digest === undefined);
  const isRenamed = layers.some((layer, at) => layer !== steps[at]);
  const isKnown = !isSchema1 && !isRecompressed && !isRenamed && config.digest !== undefined;
  return {
    // Schema 1 has no config.
    blobs: isSchema1 ? layers : [...layers, config],
    mediaType: target.mediaType,
    fallbacks: target.fallbacks,
    omitted: [],
    encryptedLayers,
    result: isKnown
      ? rewrittenManifest(
          facts.raw,
          { manifestMIMEType: target.mediaType },
          context.options.digestAlgorithm,
        )
      : undefined,
    reason: joinReasons([
      target.reason,
      encryption.reason,
      isRecompressed && encryption.reason === undefined ? recompressed : undefined,
      isRenamed ? namedByDiffID : undefined,
    ]),
  };
}

/** The media types in a generated manifest do not show which layers are compressed. */
function layerStep(step: BlobStep, isGenerated: boolean): BlobStep {
  const mayChange = isGenerated && compressionChange(step.transform) !== undefined;
  if (!mayChange || step.digest === undefined) return step;
  const reason = "the image needs it; its media type may be wrong, because the source generates it";
  return { ...step, digest: undefined, reason };
}

/** @throws ImageError `impossible-copy` if layers must have another compression, but the manifest must not change */
function rejectForcedChange(
  manifest: ImageManifest,
  preserveReason: string | undefined,
  options: PlanOptions,
): void {
  const format = forcedFormat(options);
  if (preserveReason === undefined || format === undefined || isArtifact(manifest)) return;
  const isChanged = manifest.layers.some(({ mediaType }) => {
    const compression = layerCompressionOf(mediaType);
    return compression !== undefined && compression !== format;
  });
  if (isChanged)
    throw impossibleChange(`its layers must be compressed with ${format}`, preserveReason);
}

/** Plans an artifact manifest, which never changes. */
export function planArtifact(
  facts: ManifestFacts,
  manifest: ArtifactManifest,
  preserveReason: string | undefined,
  context: PlanContext,
): ManifestPlan {
  const { accepts, cachedBlobs } = context.facts;
  const { mediaType } = targetTypeOf(manifest, accepts, context.options, preserveReason);
  return {
    blobs: manifest.blobs.map((blob) => blobStep(blob, preserve, cachedBlobs)),
    mediaType,
    fallbacks: [],
    omitted: [],
    result: rewrittenManifest(facts.raw, {}),
    reason: unchanged,
  };
}

/** Whether a layer has URLs that clients can download it from, so that it need not be copied. */
export function mayStayExternal({ urls }: Descriptor, { facts, options }: PlanContext): boolean {
  return (
    urls !== undefined && facts.accepts.foreignLayerURLs && options.downloadForeignLayers !== true
  );
}
