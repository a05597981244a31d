import { describedImage } from "../manifest/attestation.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { PlanContext } from "./manifest-plan.ts";
import { hasTargetType } from "./target-type.ts";

/**
 * The facts of an index without the attestations that a list of platforms selected with their images, but that cannot be
 * written in any allowed type. Docker's manifests cannot have the layers of attestations.
 */
export function withoutUnwritableAttestations(
  facts: ManifestFacts,
  { manifests }: ImageIndex,
  { facts: { accepts }, options }: PlanContext,
): ManifestFacts {
  if (typeof options.instances !== "object") return facts;
  const instances = facts.instances.map((instance, at) => {
    const entry = manifests[at];
    const isAttestation = entry !== undefined && describedImage(entry) !== undefined;
    if (instance === undefined || !isAttestation) return instance;
    return hasTargetType(instance.manifest, accepts, options) ? instance : undefined;
  });
  return { ...facts, instances };
}
