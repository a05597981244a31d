import { algorithmOf, hexOf } from "./digest.ts";
import type { Digest } from "./digest.ts";
import { isTag } from "./docker-reference.ts";

const suffixes = [".sig", ".att", ".sbom"];

/** Under which cosign keeps what is about an image: signatures, attestations, SBOMs. Some may not be in use. */
export function digestTagsOf(subject: Digest): readonly string[] {
  return suffixes
    .map((suffix) => `${algorithmOf(subject)}-${hexOf(subject)}${suffix}`)
    .filter(isTag);
}

/** Under which an index lists what refers to a manifest (OCI distribution-spec, "Referrers Tag Schema"). */
export function referrersTagOf(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}
