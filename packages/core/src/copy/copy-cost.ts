import type { CopyFacts } from "./copy-facts.ts";
import type { CopyPlan, CopyStep } from "./copy-plan.ts";

/** The cost of the steps, as far as source and destination declare it. */
export function costOf(
  steps: readonly CopyStep[],
  { offers, accepts }: CopyFacts,
): CopyPlan["cost"] {
  const blobs = steps.filter((step) => step.kind === "blob");
  const manifests = steps.filter((step) => step.kind === "manifest");
  return {
    blobBytes: blobs.reduce((sum, { blob }) => sum + blob.size, 0),
    requests:
      blobs.length * ((offers.requests?.perBlob ?? 0) + (accepts.requests?.perBlob ?? 0)) +
      manifests.length * (accepts.requests?.perManifest ?? 0),
  };
}
