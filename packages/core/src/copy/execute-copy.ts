import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { BlobWriter } from "./blob-writer.ts";
import { resultOf, resultWithoutSteps } from "./build-result.ts";
import type { WrittenLedger } from "./conversion-ledger.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { CopyPlan, SignaturesStep } from "./copy-plan.ts";
import type { CopyResult } from "./copy-result.ts";
import { writeLedger } from "./ledger-writer.ts";
import { ManifestWriter } from "./manifest-writer.ts";

/** Executes a plan. The destination shows nothing of the image before everything is written. @throws ImageError */
export async function executeCopy(
  plan: CopyPlan,
  source: ImageSource,
  destination: ImageDestination,
  options: ExecuteOptions = {},
): Promise<CopyResult> {
  if (plan.steps.length === 0) return resultWithoutSteps(plan);
  const blobs = new BlobWriter(source, destination, options);
  const manifests = new ManifestWriter(blobs, destination, options);
  await blobs.writeAll(plan.steps.filter((step) => step.kind === "blob"));
  await manifests.writeAll(plan.steps.filter((step) => step.kind === "manifest"));
  const signatures = plan.steps.filter((step) => step.kind === "signatures");
  await writeSignatures(signatures, manifests, destination, options);
  let ledger: WrittenLedger | undefined;
  const committed = await manifests.commit(async () => {
    if (!options.conversionLedger) return;
    const written = { manifests: manifests.written, blobs: blobs.results };
    const { conversionLedger } = options;
    const ledgerOptions = { ...options, ledger: conversionLedger === true ? {} : conversionLedger };
    ledger = await writeLedger(plan, written, source, destination, ledgerOptions);
  });
  if (committed !== undefined) manifests.addGenerated(plan.top, committed.manifest);
  const result = resultOf(plan, manifests.written, blobs.results);
  return ledger === undefined ? result : { ...result, conversionLedger: ledger };
}

async function writeSignatures(
  steps: readonly SignaturesStep[],
  { written }: ManifestWriter,
  destination: ImageDestination,
  options: ExecuteOptions,
): Promise<void> {
  for (const { manifest, isInstance, signatures } of steps) {
    const digest = written.get(manifest)?.result.digest ?? manifest;
    const instance = isInstance ? digest : undefined;
    await destination.putSignatures?.(signatures, instance, options);
    options.onEvent?.({ kind: "signatures-written", digest, count: signatures.length });
  }
}
