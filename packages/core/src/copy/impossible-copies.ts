import type { Descriptor } from "../contract/blob-info.ts";
import type { Signature } from "../contract/signature.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";

/** Rejects what the destination cannot store. @throws ImageError `impossible-copy` */
export function rejectImpossibleCopy(
  facts: CopyFacts,
  {
    preserveDigests,
    conversionLedger,
    digestAlgorithm = "sha256",
    encryption,
  }: Pick<CopyOptions, "preserveDigests" | "conversionLedger" | "digestAlgorithm" | "encryption">,
): void {
  rejectSignatures(facts);
  rejectReferrers(facts);
  if (conversionLedger) rejectLedger(facts);
  if (conversionLedger && encryption !== undefined)
    throw new ImageError(
      "impossible-copy",
      "A conversion ledger would publish the digests of the layers before encryption; encrypt without conversionLedger (--conversion-ledger)",
    );
  if (digestAlgorithm !== "sha256" && facts.accepts.preservesManifests === false)
    throw new ImageError(
      "impossible-copy",
      `${facts.destination} generates manifests with sha256 digests; copy without digestAlgorithm (--digest-algorithm), or to an OCI layout or archive`,
    );
  if (preserveDigests && facts.accepts.preservesManifests === false)
    throw new ImageError(
      "impossible-copy",
      `${facts.destination} stores no manifests, so digests cannot be preserved; copy to an OCI layout or archive instead`,
    );
}

function rejectSignatures({ accepts, top, destination }: CopyFacts): void {
  for (const { kind } of signaturesIn(top)) {
    const sigstoreSupport = kind === "sigstore" ? accepts.sigstoreSignatures : undefined;
    const support = sigstoreSupport ?? accepts.signatures;
    if (support === true) continue;
    throw new ImageError(
      "impossible-copy",
      `The image is signed, and its signatures cannot be copied to ${destination}: ${support}; to copy it without them, set removeSignatures (--remove-signatures)`,
    );
  }
}

function signaturesIn({ signatures, instances }: ManifestFacts): readonly Signature[] {
  const instanceSignatures = instances.flatMap((instance) =>
    instance ? signaturesIn(instance) : [],
  );
  return [...signatures, ...instanceSignatures];
}

function rejectReferrers({ accepts, referrers, destination }: CopyFacts): void {
  if (accepts.referrers === true || referrers.length === 0) return;
  throw new ImageError(
    "impossible-copy",
    `The referrers of the image cannot be copied to ${destination}, which stores none; copy without referrers`,
  );
}

function rejectLedger({ accepts, destination }: CopyFacts): void {
  const { referrers, manifestMIMETypes: types = [] } = accepts;
  const isAccepted = types.length === 0 || types.includes(mediaTypes.ociManifest);
  if (referrers === true && isAccepted) return;
  throw new ImageError(
    "impossible-copy",
    `${destination} stores no referrers, and so no conversion ledger; copy without conversionLedger (--conversion-ledger), or to a registry or an OCI layout`,
  );
}

/** Rejects a destination with the digest of another image. @throws ImageError `impossible-copy` */
export function rejectPinnedMismatch(facts: CopyFacts): void {
  const { pinned, top, destination } = facts;
  if (pinned === undefined || manifestDigestOf(top.raw, algorithmOf(pinned)) === pinned) return;
  throw new ImageError(
    "impossible-copy",
    `${destination} requires the digest ${pinned}, but the source has ${top.raw.digest}; ${pinnedAdvice(facts, pinned)}`,
  );
}

function pinnedAdvice({ sourceDigest, top }: CopyFacts, pinned: Digest): string {
  const { manifest } = top;
  if (pinned === sourceDigest) return 'copy the whole index (instances: "all", --all)';
  if (manifest.kind === "index" && manifest.manifests.some(({ digest }) => digest === pinned))
    return "copy only the image with this digest out of the index";
  return "correct the digest, or name the destination by a tag";
}

/** The error for a manifest that would have to change but must not. */
export function impossibleChange(change: string, preserveReason: string, advice = ""): ImageError {
  return new ImageError(
    "impossible-copy",
    `The manifest would have to change (${change}), but ${preserveReason}${advice}`,
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
