import { hostPlatform, previewCopy } from "@drayage/core";
import type { CopyOptions, ImageReference } from "@drayage/core";

import { recordedOptions } from "./stored-plan.ts";
import type { StoredPlan } from "./stored-plan.ts";

/**
 * Plans a copy, to apply the plan later. Sends requests to both sides, but writes nothing. The platform of this machine is
 * recorded, so that the plan is the same on another one.
 * @throws ImageError
 */
export async function preparePlan(
  from: ImageReference,
  to: ImageReference,
  options: CopyOptions = {},
): Promise<StoredPlan> {
  const whole = { ...options, platform: options.platform ?? hostPlatform() };
  const plan = await previewCopy(from, to, whole);
  return { plan, options: recordedOptions(whole) };
}
