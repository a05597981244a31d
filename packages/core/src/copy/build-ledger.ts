import type { Digest } from "../names/digest.ts";
import type { BlobResult } from "./blob-result.ts";
import type {
  ConversionLedger,
  ConversionLedgerOptions,
  LedgerChange,
  LeftReferrer,
} from "./conversion-ledger.ts";
import type { CopyPlan, ManifestStep } from "./copy-plan.ts";
import type { WrittenManifest } from "./written-manifest.ts";

/** What a copy has written. */
export interface WrittenImage {
  /** By digest at the source. */
  readonly manifests: ReadonlyMap<Digest, WrittenManifest>;
  readonly blobs: readonly BlobResult[];
}

/** The ledger of an executed plan; undefined if the digest of the image did not change. */
export function conversionLedger(
  plan: CopyPlan,
  written: WrittenImage,
  referrersLeftBehind: readonly LeftReferrer[],
  { tool, created }: ConversionLedgerOptions = {},
): ConversionLedger | undefined {
  const steps = plan.steps.filter((step) => step.kind === "manifest");
  const changes = changedManifests(steps, written);
  const image = changes.get(plan.top.digest);
  if (image === undefined) return undefined;
  const isSelected = plan.sourceDigest !== plan.top.digest;
  return {
    ledgerVersion: 1,
    tool,
    created,
    selectedFrom: isSelected ? plan.sourceDigest : undefined,
    image,
    instances: [...changes.values()].filter((change) => change !== image),
    blobs: changedBlobs(plan, written),
    referrersLeftBehind,
  };
}

/** The changed manifests in the order of the plan, by their digest at the source. */
function changedManifests(
  steps: readonly ManifestStep[],
  { manifests }: WrittenImage,
): ReadonlyMap<Digest, LedgerChange> {
  const changes = new Map<Digest, LedgerChange>();
  for (const { raw } of steps) {
    const { change, result } = manifests.get(raw.digest) ?? {};
    if (change === undefined || result === undefined) continue;
    const { mediaType, bytes } = raw;
    changes.set(raw.digest, {
      from: { digest: raw.digest, size: bytes.byteLength, mediaType },
      to: { digest: result.digest, size: result.size, mediaType: result.mediaType },
      because: change.reason,
    });
  }
  return changes;
}

/** The changed blobs in the order of the plan. */
function changedBlobs(plan: CopyPlan, { blobs }: WrittenImage): readonly LedgerChange[] {
  const reasons = new Map(
    plan.steps.flatMap((step) => (step.kind === "blob" ? [[step.blob.digest, step.reason]] : [])),
  );
  const order = [...reasons.keys()];
  return blobs
    .filter(({ from, stored }) => from.digest !== stored.digest)
    .map(({ from, stored }) => ({
      from: { digest: from.digest, size: from.size },
      to: { digest: stored.digest, size: stored.size },
      because: reasons.get(from.digest) ?? "the manifest requires another format",
    }))
    .toSorted(
      (a, b) =>
        order.indexOf(a.from.digest) - order.indexOf(b.from.digest) ||
        (a.to.digest < b.to.digest ? -1 : 1),
    );
}
