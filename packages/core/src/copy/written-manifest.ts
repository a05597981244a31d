import type { RawManifest } from "../contract/raw-manifest.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { isIndexMediaType } from "../manifest/media-types.ts";
import type { ManifestStep } from "./copy-plan.ts";
import type { DigestChange } from "./copy-result.ts";
import type { MediaTypeAttempts } from "./media-type-attempts.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/** A manifest that a copy wrote. */
export interface WrittenManifest {
  readonly manifest: RawManifest;
  readonly result: RewrittenManifest;
  readonly change: DigestChange | undefined;
}

/** Why the digest of a written manifest differs from the source; undefined if it does not. */
export function writtenChange(
  { step, rejected }: MediaTypeAttempts,
  { digest: to }: RewrittenManifest,
): DigestChange | undefined {
  const { raw, digest: planned, reason: plannedReason } = step;
  const from = raw.digest;
  if (to === from) return undefined;
  const isPlanned = planned === undefined || planned === to;
  const reasons = [
    planned === from ? undefined : plannedReason,
    rejected.length === 0 ? undefined : `the destination rejected ${rejected.join(" and ")}`,
    isPlanned || rejected.length > 0 ? undefined : unplannedReason(step),
  ];
  return { from, to, reason: reasons.filter((reason) => reason !== undefined).join(" and ") };
}

/** Why the digest of a generated manifest differs from the source; undefined if it does not. */
export function generatedChange(
  { digest: from }: VerifiedManifest,
  { result, change }: WrittenManifest,
  { digest: to }: RewrittenManifest,
): DigestChange | undefined {
  if (to === from) return undefined;
  if (to === result.digest) return change;
  const reason = change === undefined ? generatedReason : `${change.reason} and ${generatedReason}`;
  return { from, to, reason };
}

/** The reason for the digest of a generated manifest. */
export const generatedReason = "the destination stores no manifest and generates one";

/** Why a digest differs from the plan, which relies on the media types of layers. */
function unplannedReason({ mediaType }: ManifestStep): string {
  return isIndexMediaType(mediaType)
    ? "an instance in it changes"
    : "the compression of a layer does not match its media type; it was recompressed";
}
