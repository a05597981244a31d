import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest, DigestAlgorithm } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyOptions } from "./copy-options.ts";

/** The algorithm for a new blob that is made of one with the digest `from`. Generated manifests always use sha256. */
export function newDigestAlgorithm(
  from: Digest,
  { accepts }: Pick<ImageDestination, "accepts">,
  { digestAlgorithm }: Pick<CopyOptions, "digestAlgorithm">,
): DigestAlgorithm {
  if (accepts.preservesManifests === false) return "sha256";
  return digestAlgorithm ?? algorithmOf(from);
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
