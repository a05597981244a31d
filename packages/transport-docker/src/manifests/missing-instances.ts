import { formatPlatform, instancesOf } from "@drayage/core";
import type { ImageIndex, InstanceDescriptor, OperationOptions } from "@drayage/core";

import type { Repository } from "../registry/repository.ts";
import { requestManifestPresence } from "./manifest-presence.ts";

const mostAsked = 50;
const mostShown = 5;

/** What to do about an index that a registry refuses because it lacks some of its images; undefined where it has all. */
export async function adviseMissing(
  repository: Repository,
  index: ImageIndex,
  options: OperationOptions,
): Promise<string | undefined> {
  const missing = await missingInstances(
    repository,
    instancesOf(index).slice(0, mostAsked),
    options,
  );
  if (missing.length === 0) return undefined;
  const shown = missing
    .slice(0, mostShown)
    .map(({ digest, platform }) =>
      platform === undefined ? digest : `${digest} (${formatPlatform(platform)})`,
    );
  const rest = missing.length - shown.length;
  const list = shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `it takes an index only with all its images, and lacks ${list}: copy those too, or leave them out of the index`;
}

/** Those that the repository lacks. */
export async function missingInstances(
  repository: Repository,
  instances: readonly InstanceDescriptor[],
  options: OperationOptions,
): Promise<readonly InstanceDescriptor[]> {
  const missing: InstanceDescriptor[] = [];
  for (const instance of instances) {
    const response = await requestManifestPresence(repository, instance.digest, options);
    await response.discard();
    if (response.status === 404) missing.push(instance);
  }
  return missing;
}
