import { hostPlatform } from "@drayage/core";
import type { Platform } from "@drayage/core";

import type { GlobalFlags } from "./global-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The platform that is meant where none is named: this machine's, as far as it is not overridden. */
export function overriddenPlatform({
  overrideOs,
  overrideArch,
  overrideVariant,
}: GlobalFlags): Platform {
  const host = hostPlatform();
  // The variant of this machine's processor says nothing of another.
  const variant = overrideVariant ?? (overrideArch === undefined ? host.variant : undefined);
  return {
    os: overrideOs ?? host.os,
    architecture: overrideArch ?? host.architecture,
    ...(variant !== undefined && { variant }),
  };
}

/** @throws UsageError where `--platform` and the like say two things */
export function refuseTwoPlatforms(
  platform: unknown,
  { overrideOs, overrideArch, overrideVariant }: GlobalFlags,
): void {
  const overrides = [overrideOs, overrideArch, overrideVariant];
  if (platform === undefined || overrides.every((value) => value === undefined)) return;
  throw new UsageError("--platform says it all; leave out --override-os and its like");
}
