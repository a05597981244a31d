import type { Descriptor } from "../contract/blob-info.ts";
import type { Digest } from "../names/digest.ts";
import type { BlobResult } from "./blob-result.ts";
import type { CopyPlan, CopyStep } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";
import { generatedReason } from "./written-manifest.ts";
import type { WrittenManifest } from "./written-manifest.ts";

/** The result of an executed plan. */
export function resultOf(
  plan: CopyPlan,
  written: ReadonlyMap<Digest, WrittenManifest>,
  blobs: readonly BlobResult[],
): CopyResult {
  const top = written.get(plan.top.digest);
  return {
    digest: top?.result.digest ?? plan.top.digest,
    manifest: top?.manifest ?? plan.top,
    sourceDigest: plan.sourceDigest,
    changes: [...written.values()].flatMap(({ change }) => change ?? []),
    alreadyThere: false,
    referrers: plan.steps.filter(isReferrer).length,
    blobs: blobTotals(blobs, plan.reused),
  };
}

/** The result of a plan without steps: the destination already has the image. */
export function resultWithoutSteps({ top, existing = top, sourceDigest }: CopyPlan): CopyResult {
  const change = { from: top.digest, to: existing.digest, reason: generatedReason };
  return {
    digest: existing.digest,
    manifest: existing,
    sourceDigest,
    changes: change.from === change.to ? [] : [change],
    alreadyThere: true,
    referrers: 0,
    blobs: { copied: 0, reused: 0, cloned: 0, copiedBytes: 0, reusedBytes: 0, clonedBytes: 0 },
  };
}

function isReferrer(step: CopyStep): boolean {
  return step.kind === "manifest" && step.subject !== undefined;
}

/** Counts blobs. `reusedWithManifest` are the blobs of reused manifests, which have no result. */
function blobTotals(
  results: readonly BlobResult[],
  reusedWithManifest: readonly Descriptor[],
): CopyResult["blobs"] {
  const withOutcome = (wanted: BlobResult["outcome"]): readonly Descriptor[] =>
    results.filter(({ outcome }) => outcome === wanted).map(({ from }) => from);
  const copied = withOutcome("copied");
  const reused = [...withOutcome("reused"), ...reusedWithManifest];
  const cloned = results.filter((result) => result.cloned).map(({ from }) => from);
  const bytes = (blobs: readonly Descriptor[]): number =>
    blobs.reduce((sum, { size }) => sum + size, 0);
  return {
    copied: copied.length,
    reused: reused.length,
    cloned: cloned.length,
    copiedBytes: bytes(copied),
    reusedBytes: bytes(reused),
    clonedBytes: bytes(cloned),
  };
}
