import type { Descriptor } from "../contract/blob-info.ts";
import type { Signature } from "../contract/signature.ts";
import { algorithmOf, digestOf } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";

/** @throws ImageError `impossible-copy` where the image has what the destination cannot keep */
export function rejectImpossibleCopy(
  facts: CopyFacts,
  { preserveDigests }: Pick<CopyOptions, "preserveDigests">,
): void {
  rejectSignatures(facts);
  rejectReferrers(facts);
  if (preserveDigests && facts.accepts.preservesManifests === false)
    throw new ImageError(
      "impossible-copy",
      `Digests are to be preserved, and ${facts.destination} is in a place that keeps no manifests, and so no digests: an OCI layout or archive does`,
    );
}

function rejectSignatures({ accepts, top, destination }: CopyFacts): void {
  for (const { kind } of signaturesIn(top)) {
    const ofSigstore = kind === "sigstore" ? accepts.sigstoreSignatures : undefined;
    const answer = ofSigstore ?? accepts.signatures;
    if (answer === true) continue;
    throw new ImageError(
      "impossible-copy",
      `The image is signed, and its signatures cannot be copied to ${destination}: ${answer}; to copy it without them, set removeSignatures (--remove-signatures)`,
    );
  }
}

function signaturesIn({ signatures, instances }: ManifestFacts): readonly Signature[] {
  const ofInstances = instances.flatMap((instance) => (instance ? signaturesIn(instance) : []));
  return [...signatures, ...ofInstances];
}

function rejectReferrers({ accepts, referrers, destination }: CopyFacts): void {
  if (accepts.referrers === true || referrers.length === 0) return;
  throw new ImageError(
    "impossible-copy",
    `The referrers of the image cannot be copied to ${destination}, which stores none; copy without referrers`,
  );
}

/** @throws ImageError `impossible-copy` where the destination is named by the digest of another image */
export function rejectPinnedMismatch({ pinned, top, destination }: CopyFacts): void {
  if (pinned === undefined || digestOf(top.raw.bytes, algorithmOf(pinned)) === pinned) return;
  throw new ImageError(
    "impossible-copy",
    `${destination} demands the digest ${pinned}, and the source has ${top.raw.digest}`,
  );
}

/** Something in a manifest would have to change that may not. */
export function impossibleChange(change: string, preserveReason: string, instead = ""): ImageError {
  return new ImageError(
    "impossible-copy",
    `The manifest would have to change (${change}), but ${preserveReason}${instead}`,
  );
}

/**
 * Rejects a blob with two sizes, because only one of them would be compared with the bytes.
 * @throws ImageError `invalid-manifest`
 */
export function rejectSizeConflict(
  { digest, size }: Descriptor,
  other: Descriptor | undefined,
): void {
  if (other === undefined || other.size === size) return;
  throw new ImageError(
    "invalid-manifest",
    `${digest} is listed with ${other.size} bytes and with ${size}, so one size is wrong; rebuild the image`,
  );
}
