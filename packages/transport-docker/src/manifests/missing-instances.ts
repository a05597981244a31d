import { formatPlatform } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { instancesOf } from "@drayage/core/manifest";
import type { ImageIndex, InstanceDescriptor } from "@drayage/core/manifest";

import type { Repository } from "../registry/repository.ts";
import { requestManifestPresence } from "./manifest-presence.ts";

const maxChecked = 50;
const maxShown = 5;

/** Advice for an index that a registry rejects because instances are missing; undefined if none is missing. */
export async function adviseMissing(
  repository: Repository,
  index: ImageIndex,
  options: OperationOptions,
): Promise<string | undefined> {
  const missing = await missingInstances(
    repository,
    instancesOf(index).slice(0, maxChecked),
    options,
  );
  if (missing.length === 0) return undefined;
  const shown = missing
    .slice(0, maxShown)
    .map(({ digest, platform }) =>
      platform === undefined ? digest : `${digest} (${formatPlatform(platform)})`,
    );
  const rest = missing.length - shown.length;
  const list = shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `it requires all images of an index, and lacks ${list}; copy those too, or remove them from the index`;
}

/** The instances that are not in the repository. */
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
