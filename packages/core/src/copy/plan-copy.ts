import type { Digest } from "../names/digest.ts";
import { costOf } from "./copy-cost.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import type { CopyPlan, PlanConditions } from "./copy-plan.ts";
import { CopyPlanner } from "./copy-planner.ts";
import { rejectPinnedMismatch } from "./impossible-copies.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/**
 * Plans a copy. A pure function of the facts and the options.
 * @throws ImageError `impossible-copy` if the options contradict each other or the facts
 */
export function planCopy(facts: CopyFacts, options: PlanOptions = {}): CopyPlan {
  const planner = new CopyPlanner(facts, options);
  const preserveReason = options.preserveDigests ? undefined : pinnedReason(facts);
  const result = planner.planManifest(facts.top, { isInstance: false, preserveReason });
  for (const referrer of facts.referrers) planner.planReferrer(referrer);
  rejectPinnedMismatch(facts);
  const isUnchanged = result?.digest === facts.top.raw.digest;
  const isPresent = facts.existing !== undefined || (isUnchanged && isComplete(facts));
  const steps = isPresent ? [] : planner.steps;
  return {
    source: facts.source,
    destination: facts.destination,
    sourceDigest: facts.sourceDigest,
    digest: facts.existing?.digest ?? plannedDigest(result, facts),
    steps,
    reused: planner.reused,
    top: facts.top.raw,
    ...(facts.existing && { existing: facts.existing }),
    isNew: facts.isNew,
    cost: costOf(steps, facts),
    conditions: conditionsOf(facts),
  };
}

/** The digest that the destination will name; undefined if it generates the manifest, or if the digest depends on a blob. */
function plannedDigest(
  result: RewrittenManifest | undefined,
  { accepts }: CopyFacts,
): Digest | undefined {
  return accepts.preservesManifests === false ? undefined : result?.digest;
}

function pinnedReason({ pinned }: CopyFacts): string | undefined {
  return pinned === undefined
    ? undefined
    : "the destination is named by a digest (name it by a tag to allow it)";
}

function conditionsOf(facts: CopyFacts): PlanConditions {
  const { currentDigest, offers, accepts, isSameStore = false } = facts;
  return { currentDigest, offers, accepts, isSameStore };
}

/** Whether the destination has the image under its name, and there are no signatures, which could only be added. */
function isComplete({ top, currentDigest, present, referrers }: CopyFacts): boolean {
  const isPresent = ({ raw, signatures, instances }: ManifestFacts): boolean =>
    present.has(raw.digest) &&
    signatures.length === 0 &&
    instances.every((instance) => instance === undefined || isPresent(instance));
  return (
    currentDigest === top.raw.digest &&
    isPresent(top) &&
    referrers.every((referrer) => referrer.isPresent)
  );
}
