import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import { blobStep } from "./blob-step.ts";
import { preserve } from "./blob-transform.ts";
import { missingVariants } from "./compression-variants.ts";
import type { MissingVariant } from "./compression-variants.ts";
import { withoutUnwritableAttestations } from "./convertible-instances.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import { impossibleChange } from "./impossible-copies.ts";
import { indexEntries } from "./index-entries.ts";
import type { EntryOutcome } from "./index-entries.ts";
import { joinReasons } from "./manifest-plan.ts";
import type { ManifestPlan, PlanContext } from "./manifest-plan.ts";
import { partialIndex } from "./partial-index.ts";
import { rewrittenManifest } from "./rewritten-manifest.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";
import { targetTypeOf } from "./target-type.ts";

/** Plans an index. `planInstance` plans an instance and returns its result; undefined if it is not known yet. */
export function planIndex(
  given: ManifestFacts,
  index: ImageIndex,
  preserveReason: string | undefined,
  context: PlanContext,
  planInstance: (instance: ManifestFacts) => RewrittenManifest | undefined,
): ManifestPlan {
  const { accepts, cachedBlobs } = context.facts;
  const facts =
    preserveReason === undefined ? withoutUnwritableAttestations(given, index, context) : given;
  const added = missingVariants(facts, context.options);
  const options = optionsWith(added, context.options, preserveReason);
  const target = targetTypeOf(index, accepts, options, preserveReason);
  const selected = facts.instances.filter((instance) => instance !== undefined);
  const { blobs: selectedBlobs = [] } = facts;
  const blobs = new Set<Descriptor>(selectedBlobs);
  const partial = partialIndex(facts, index, preserveReason, context.facts, context.options);
  const results = new Map(
    selected.map((instance) => [instance.raw.digest, planInstance(instance)] as const),
  );
  const outcomes = index.manifests.map((entry, at): EntryOutcome | undefined => {
    if (blobs.has(entry)) return "kept";
    if (facts.instances[at] === undefined) return partial === "strip" ? "omitted" : "kept";
    return results.get(entry.digest);
  });
  const others = index.manifests
    .filter((entry, at) => facts.instances[at] === undefined && !blobs.has(entry))
    .map(({ digest }) => digest);
  const known = outcomes.filter((outcome) => outcome !== undefined);
  const isKnown = known.length === outcomes.length;
  const hasChanges = selected.some(({ raw }) => results.get(raw.digest)?.digest !== raw.digest);
  return {
    blobs: selectedBlobs.map((blob) => blobStep(blob, preserve, cachedBlobs)),
    mediaType: target.mediaType,
    // A Docker list cannot mark zstd instances.
    fallbacks: added.length === 0 ? target.fallbacks : [],
    omitted: partial === "strip" ? others : [],
    missing: partial === "keep" ? others : [],
    added: added.map(({ instance, name }) => ({ instance: instance.raw.digest, variant: name })),
    result:
      isKnown && added.length === 0
        ? rewrittenManifest(
            facts.raw,
            { manifestMIMEType: target.mediaType, instances: indexEntries(index, known) },
            context.options.digestAlgorithm,
          )
        : undefined,
    reason: joinReasons([
      target.reason,
      partial === "strip" ? "not all of its instances are copied" : undefined,
      hasChanges ? "an instance in it changes" : undefined,
      added.length === 0 ? undefined : variantsAdded,
    ]),
  };
}

/** Adding variants changes an index, which must be of OCI to mark them. @throws ImageError `impossible-copy` */
function optionsWith(
  added: readonly MissingVariant[],
  options: PlanOptions,
  preserveReason: string | undefined,
): PlanOptions {
  if (added.length === 0) return options;
  if (preserveReason !== undefined) throw impossibleChange(variantsAdded, preserveReason);
  const { manifestMIMEType = mediaTypes.ociManifest } = options;
  if (manifestMIMEType === mediaTypes.ociManifest) return { ...options, manifestMIMEType };
  const advice = `, but ${manifestMIMEType} was requested`;
  throw new ImageError("impossible-copy", `Compression variants need an OCI index${advice}`);
}

const variantsAdded = "compression variants are added";
