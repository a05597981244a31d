import { algorithmOf, checkDigest, digestOf, isDigest, parseManifest } from "@drayage/core";
import type { OperationOptions, RawManifest } from "@drayage/core";

import { headerOf } from "./http-exchange.ts";
import { hasCode, readRefusal, registryError } from "./registry-error.ts";
import type { Refusal } from "./registry-error.ts";
import type { Repository } from "./repository.ts";

/**
 * Stores a manifest under a tag or its digest.
 * @throws ImageError `manifest-rejected` where another type might be taken, `not-found` where something in it is missing
 */
export async function uploadManifest(
  repository: Repository,
  manifest: RawManifest,
  tagOrDigest: string,
  { signal }: OperationOptions,
): Promise<void> {
  const { bytes } = manifest;
  const response = await repository.request({
    method: "PUT",
    target: `manifests/${tagOrDigest}`,
    action: "pull,push",
    headers: { "content-type": parseManifest(manifest).mediaType },
    body: bytes,
    signal,
  });
  if (response.status < 200 || response.status > 299) {
    const refusal = await readRefusal(response);
    const doing = `write the manifest ${tagOrDigest} to ${repository.name}`;
    throw registryError(refusal, doing, isOfItsType(refusal) ? "manifest-rejected" : undefined);
  }
  await response.discard();
  const stored = headerOf(response, "docker-content-digest");
  if (isDigest(stored)) checkDigest(stored, digestOf(bytes, algorithmOf(stored)));
}

/** A pull-through cache takes none at all: 405. */
function isOfItsType(refusal: Refusal): boolean {
  const { status } = refusal;
  const says = hasCode(refusal, "MANIFEST_INVALID", "TAG_INVALID", "UNSUPPORTED");
  return status === 415 || (status >= 400 && status < 500 && status !== 405 && says);
}
