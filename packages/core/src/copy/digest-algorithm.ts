import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest, DigestAlgorithm } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import type { BlobStep } from "./copy-plan.ts";

/** The algorithm for a new blob that is made of one with the digest `from`. Generated manifests always use sha256. */
export function newDigestAlgorithm(
  from: Digest,
  { accepts }: Pick<ImageDestination, "accepts">,
  { digestAlgorithm }: Pick<CopyOptions, "digestAlgorithm">,
): DigestAlgorithm {
  if (accepts.preservesManifests === false) return "sha256";
  return digestAlgorithm ?? algorithmOf(from);
}

/**
 * Whether a layer gets another digest although its bytes stay: stores that generate manifests name layers by their
 * DiffIDs, which are sha256.
 */
export function isNamedByDiffID(
  { digest }: Pick<Descriptor, "digest">,
  isConfig: boolean,
  { accepts }: Pick<ImageDestination, "accepts">,
): boolean {
  return accepts.preservesManifests === false && !isConfig && algorithmOf(digest) !== "sha256";
}

/** The reason for a layer that gets another digest although its bytes stay. */
export const namedByDiffID = "the destination names layers by their DiffIDs";

/** Plans a layer that keeps its bytes for a destination that names it by its DiffID. */
export function withDiffIDAsName(step: BlobStep, facts: Pick<CopyFacts, "accepts">): BlobStep {
  if (step.digest === undefined || !isNamedByDiffID(step.blob, step.isConfig, facts)) return step;
  return { ...step, digest: undefined, candidates: [], reason: namedByDiffID };
}

/** @throws ImageError `unsupported` if the destination has used another algorithm */
export function requireAlgorithm(
  algorithm: DigestAlgorithm,
  digest: Digest,
  { reference }: Pick<ImageDestination, "reference">,
): void {
  if (algorithmOf(digest) === algorithm) return;
  const name = imageName(reference);
  throw new ImageError(
    "unsupported",
    `${name} computes no ${algorithm} digests; copy with digestAlgorithm: "${algorithmOf(digest)}" (--digest-algorithm)`,
    { reference: name },
  );
}
