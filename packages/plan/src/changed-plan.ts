import type { CopyPlan, DestinationAccepts } from "@drayage/core";
import type { CopyStep } from "@drayage/core/copy";

const advice = "make a new plan";

/**
 * The difference between a plan and the plan that would be made now; undefined if they do the same. The candidates for
 * reuse and the reasons in the steps may differ.
 */
export function changeSince(before: CopyPlan, now: CopyPlan): string | undefined {
  return (
    sourceChange(before, now) ??
    destinationChange(before, now) ??
    abilityChange(before, now) ??
    stepChange(before, now)
  );
}

function sourceChange(before: CopyPlan, now: CopyPlan): string | undefined {
  if (before.sourceDigest === now.sourceDigest) return undefined;
  return `${now.source} is ${now.sourceDigest} now, but was ${before.sourceDigest}; ${advice}`;
}

function destinationChange(before: CopyPlan, now: CopyPlan): string | undefined {
  const [was, is] = [before, now].map(
    ({ conditions, existing }) => conditions.currentDigest ?? existing?.digest ?? "no image",
  );
  return was === is ? undefined : `${now.destination} names ${is} now, but named ${was}; ${advice}`;
}

/** Whether a plan depends on an ability. A new one does not compile until it is here. */
const isCompared: Readonly<Record<keyof DestinationAccepts, boolean>> = {
  manifestMIMETypes: true,
  preservesManifests: true,
  layers: true,
  generatedLayers: true,
  foreignLayerURLs: true,
  sparseIndexes: true,
  signatures: true,
  sigstoreSignatures: true,
  referrers: true,
  parallelBlobs: false,
  reuseBuffers: false,
  requests: false,
};

function abilityChange(before: CopyPlan, now: CopyPlan): string | undefined {
  const names = Object.keys(isCompared) as (keyof DestinationAccepts)[];
  for (const name of names.filter((one) => isCompared[one])) {
    const [was, is] = [before, now].map(({ conditions }) => textOf(conditions.accepts[name]));
    if (was !== is)
      return `${now.destination} has ${name} ${is} now, but had ${was}; use the flags of the destination that the plan was made with, or ${advice}`;
  }
  return undefined;
}

function stepChange(before: CopyPlan, now: CopyPlan): string | undefined {
  const [was, is] = [before, now].map(
    ({ steps }) => new Map(steps.map((step) => [effectOf(step), step])),
  );
  const missing = [...(was ?? [])].find(([effect]) => !is?.has(effect))?.[1];
  const added = [...(is ?? [])].find(([effect]) => !was?.has(effect))?.[1];
  const [one, other] = [missing, added].map((step) => step && nameOf(step));
  if (one !== undefined && one === other)
    return `${one} would be written in another way (${added?.reason}); ${advice}`;
  if (one !== undefined) return `it no longer includes ${one}; ${advice}`;
  if (other !== undefined) return `it now includes ${other} (${added?.reason}); ${advice}`;
  if (before.digest === now.digest && before.top.digest === now.top.digest) return undefined;
  return `its result is ${now.digest ?? "not known before the copy"} now, but was ${before.digest ?? "not known"}; ${advice}`;
}

/** What a step does, without what may differ: why, and which blobs may be reused instead. */
function effectOf(step: CopyStep): string {
  const { reason: _, ...effect } = step.kind === "blob" ? { ...step, candidates: [] } : step;
  return textOf(effect);
}

/** JSON that does not depend on the order of fields. Bytes are compared by the digests beside them, or in base64. */
function textOf(value: unknown): string {
  return (
    JSON.stringify(value, function sorted(this: Readonly<Record<string, unknown>>, key: string) {
      const field = this[key];
      if (field instanceof Uint8Array) return Buffer.from(field).toString("base64");
      if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
      return Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? "undefined"
  );
}

function nameOf(step: CopyStep): string {
  switch (step.kind) {
    case "blob":
      return `the ${step.isConfig ? "config" : "layer"} ${step.blob.digest}`;
    case "manifest":
      return `the manifest ${step.raw.digest}`;
    case "signatures":
      return `the signatures of ${step.manifest}`;
    case "ledger":
      return `the conversion ledger of ${step.manifest}`;
    case "commit":
      return "the commit of the image";
  }
}
