import type { Schema1Manifest } from "../manifest/manifest.ts";
import { isSchema1MediaType } from "../manifest/media-types.ts";
import { hasOtherName, needsSignature } from "../schema1/edit-schema1.ts";
import { blobStep } from "./blob-step.ts";
import { preserve } from "./blob-transform.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import { joinReasons, recompressed } from "./manifest-plan.ts";
import type { ManifestPlan, PlanContext } from "./manifest-plan.ts";
import { rejectSchema1Encryption } from "./plan-encryption.ts";
import { requestedTransform } from "./requested-compression.ts";
import { rewrittenManifest } from "./rewritten-manifest.ts";
import { targetTypeOf } from "./target-type.ts";

/**
 * Plans a manifest of schema 1. A conversion needs the digests of the uncompressed layers, so the layers must be read.
 * Throwaway layers are copied only if the manifest stays schema 1.
 */
export function planSchema1(
  facts: ManifestFacts,
  manifest: Schema1Manifest,
  preserveReason: string | undefined,
  context: PlanContext,
): ManifestPlan {
  const { accepts, cachedBlobs, destinationName } = context.facts;
  rejectSchema1Encryption(context.options);
  const target = targetTypeOf(manifest, accepts, context.options, preserveReason);
  const isKept = isSchema1MediaType(target.mediaType);
  const transform =
    preserveReason === undefined ? requestedTransform(context.facts, context.options) : preserve;
  const layers = (facts.layers ?? [])
    .filter((_, at) => isKept || manifest.layers[at]?.history.isThrowaway === false)
    .map((layer) => {
      const step = blobStep(layer, transform, cachedBlobs);
      return isKept ? step : { ...step, needsDiffID: true };
    });
  const isRecompressed = layers.some(({ digest }) => digest === undefined);
  const isRenamed = isKept && hasOtherName(manifest, destinationName);
  const isSigned = needsSignature(facts.raw.bytes, manifest.mediaType, target.mediaType);
  const isUnchanged = isKept && !isRecompressed && !isRenamed && !isSigned;
  return {
    blobs: layers,
    mediaType: target.mediaType,
    fallbacks: target.fallbacks,
    omitted: [],
    result: isUnchanged ? rewrittenManifest(facts.raw, {}) : undefined,
    reason: joinReasons([
      target.reason,
      isRecompressed ? recompressed : undefined,
      isRenamed ? "it names another repository or tag than the destination" : undefined,
    ]),
  };
}
