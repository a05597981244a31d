import type { BlobLocation } from "@drayage/core";

import type { Repository } from "../registry/repository.ts";

const transport = "docker";

/** A repository as the location of its blobs: the registry mounts them into its other repositories. */
export function locationIn({ registry, path }: Repository): BlobLocation {
  const { origin } = registry;
  return { transport, scope: hostOf(origin), path, description: `${origin}/${path}` };
}

/** The path of the repository at the location; undefined if it is not in the registry with this origin. */
export function repositoryAt(
  location: BlobLocation | undefined,
  origin: string,
): string | undefined {
  const isInRegistry = location?.transport === transport && location.scope === hostOf(origin);
  return isInRegistry ? location.path : undefined;
}

function hostOf(origin: string): string {
  return new URL(origin).host;
}
