import { algorithmOf, ImageError } from "@drayage/core";
import type { CopyPlan, VerifiedManifest } from "@drayage/core";
import { manifestDigestOf } from "@drayage/core/manifest";

import { documentSchema, documentVersion } from "./document-schema.ts";
import { invalid, readDocument } from "./read-document.ts";
import type { StoredPlan } from "./stored-plan.ts";

/**
 * Parses a plan of `serializePlan`. Rejects unknown fields, wrong types and other versions, and verifies the manifests
 * in it.
 * @throws ImageError `invalid-manifest`, `digest-mismatch`; `unsupported` for another version
 */
export function parsePlan(json: Uint8Array | string): StoredPlan {
  const bytes = typeof json === "string" ? Buffer.from(json) : json;
  const { plan, options } = readDocument("plan", bytes, documentSchema, requireVersion);
  for (const manifest of manifestsIn(plan)) verify(manifest);
  return { plan, options };
}

function requireVersion({ kind, version }: Readonly<Record<string, unknown>>): void {
  if (kind !== "drayage-plan")
    throw invalid("plan", "its kind is not drayage-plan; make one with `drayage plan --json`");
  if (version === documentVersion) return;
  throw new ImageError(
    "unsupported",
    `The plan has version ${JSON.stringify(version) ?? "none"}, but only version ${documentVersion} is supported; make the plan again with this version of drayage`,
  );
}

function manifestsIn({ top, existing, steps }: CopyPlan): readonly VerifiedManifest[] {
  const written = steps.flatMap((step) => (step.kind === "manifest" ? [step.raw] : []));
  return [top, ...(existing === undefined ? [] : [existing]), ...written];
}

function verify(manifest: VerifiedManifest): void {
  const found = manifestDigestOf(manifest, algorithmOf(manifest.digest));
  if (found === manifest.digest) return;
  throw new ImageError(
    "digest-mismatch",
    `A manifest in the plan has the digest ${found} instead of ${manifest.digest}; make the plan again`,
  );
}
