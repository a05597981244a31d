import { parsePlatform } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";

import { UsageError } from "../../flags/usage-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

/** The options that select images of an index. @throws UsageError if flags contradict each other */
export function selectedImages(
  flags: CopyFlags,
): Pick<CopyOptions, "instances" | "platform" | "missingInstances"> {
  const { all, multiArch, platform } = flags;
  if (multiArch !== undefined && (all || platform)) {
    const other = all ? "--all" : "--platform";
    throw new UsageError(`--multi-arch and ${other} both select images; use one of them`);
  }
  const selected = multiArch === undefined ? byPlatform(flags) : { instances: listed(multiArch) };
  const missingInstances = missingInstancesOf(flags, selected.instances);
  return missingInstances === undefined ? selected : { ...selected, missingInstances };
}

function byPlatform({ all, platform }: CopyFlags): Pick<CopyOptions, "instances" | "platform"> {
  if (platform === undefined) return { instances: all ? "all" : "system" };
  const platforms = platform.map(parsePlatform);
  const [only] = platforms;
  const isAlone = platforms.length === 1 && !all;
  return isAlone ? { instances: "system", platform: only } : { instances: { platforms } };
}

function listed(multiArch: string): CopyOptions["instances"] {
  switch (multiArch) {
    case "system":
    case "all":
    case "index-only":
      return multiArch;
    default:
      return { platforms: multiArch.split(",").map(parsePlatform) };
  }
}

function missingInstancesOf(
  { stripRemovedPlatforms, keepRemovedPlatforms }: CopyFlags,
  instances: CopyOptions["instances"],
): CopyOptions["missingInstances"] {
  if (stripRemovedPlatforms && keepRemovedPlatforms)
    throw new UsageError(
      "--strip-removed-platforms and --keep-removed-platforms contradict each other; use one of them",
    );
  const flag = stripRemovedPlatforms ? "--strip-removed-platforms" : "--keep-removed-platforms";
  if (!stripRemovedPlatforms && !keepRemovedPlatforms) return undefined;
  if (typeof instances !== "object")
    throw new UsageError(
      `${flag} requires a list of platforms; add --multi-arch linux/amd64,linux/arm64 or several --platform`,
    );
  return stripRemovedPlatforms ? "strip" : "keep";
}
