import { copyImage, ImageError, imageName } from "@drayage/core";
import type { CopyResult, ImageReference } from "@drayage/core";

import { changeSince } from "./changed-plan.ts";
import { passedOptions } from "./stored-plan.ts";
import type { ApplyOptions, StoredPlan } from "./stored-plan.ts";

/**
 * Applies a plan to the two images that it names. Makes the plan again, and stops before anything is written if it differs,
 * so a plan from an untrusted file can do nothing that `copyImage` with its options would not do. The destination can
 * reuse blobs that were not known when the plan was made.
 * @throws ImageError `conflict` with the difference, if either side has changed; others as `copyImage`
 */
export async function applyPlan(
  { plan, options: recorded }: StoredPlan,
  from: ImageReference,
  to: ImageReference,
  options: ApplyOptions = {},
): Promise<CopyResult> {
  requireName("source", plan.source, from);
  requireName("destination", plan.destination, to);
  return copyImage(from, to, {
    ...passedOptions(options),
    ...recorded,
    onEvent(event) {
      const change = event.kind === "planned" ? changeSince(plan, event.plan) : undefined;
      if (change !== undefined)
        throw new ImageError("conflict", `The plan no longer applies: ${change}`);
      options.onEvent?.(event);
    },
  });
}

function requireName(side: string, planned: string, reference: ImageReference): void {
  const name = imageName(reference);
  if (name === planned) return;
  throw new ImageError(
    "impossible-copy",
    `The ${side} of the plan is ${planned}, not ${name}; apply the plan to the images that it names`,
  );
}
