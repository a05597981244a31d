import { hostPlatform } from "@drayage/core";
import type { Platform } from "@drayage/core";

import type { GlobalFlags } from "./global-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The default platform: the host's, with `--override-…` applied. */
export function overriddenPlatform({
  overrideOs,
  overrideArch,
  overrideVariant,
}: GlobalFlags): Platform {
  const host = hostPlatform();
  // The host's variant does not apply to another architecture.
  const variant = overrideVariant ?? (overrideArch === undefined ? host.variant : undefined);
  return {
    os: overrideOs ?? host.os,
    architecture: overrideArch ?? host.architecture,
    ...(variant !== undefined && { variant }),
  };
}

/** @throws UsageError if `--platform` and `--override-…` are both set */
export function refuseTwoPlatforms(
  platform: unknown,
  { overrideOs, overrideArch, overrideVariant }: GlobalFlags,
): void {
  const overrides = [overrideOs, overrideArch, overrideVariant];
  if (platform === undefined || overrides.every((value) => value === undefined)) return;
  throw new UsageError("--platform and --override-… contradict each other; use --platform alone");
}
