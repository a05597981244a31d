import { algorithmOf, hexOf } from "./digest.ts";
import type { Digest } from "./digest.ts";
import { isTag } from "./docker-reference.ts";

const suffixes = [".sig", ".att", ".sbom"];

/** The tags that cosign gives signatures, attestations and SBOMs of a manifest: `sha256-….sig`. They may not exist. */
export function digestTagsOf(subject: Digest): readonly string[] {
  return suffixes
    .map((suffix) => `${algorithmOf(subject)}-${hexOf(subject)}${suffix}`)
    .filter(isTag);
}

/** The tag of the index that lists the referrers of a manifest (OCI distribution-spec, "Referrers Tag Schema"). */
export function referrersTagOf(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}
