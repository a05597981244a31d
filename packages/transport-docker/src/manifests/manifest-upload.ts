import {
  algorithmOf,
  checkDigest,
  digestOf,
  isDigest,
  parseManifest,
  Retries,
} from "@drayage/core";
import type { OperationOptions, RawManifest } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import { hasCode, readRefusal, registryError } from "../registry-error.ts";
import type { Refusal } from "../registry-error.ts";
import type { Repository } from "../repository.ts";

/**
 * A registry may not see a blob yet that it has just confirmed: Docker Distribution for a moment while somebody else
 * sends the same one, others until all of their machines know of it.
 */
const attempts = 3;

/**
 * Stores a manifest under a tag or its digest.
 * @throws ImageError `manifest-rejected` where another type might be taken, `not-found` where something in it is missing
 */
export async function uploadManifest(
  repository: Repository,
  manifest: RawManifest,
  tagOrDigest: string,
  options: OperationOptions,
): Promise<void> {
  const doing = `write the manifest ${tagOrDigest} to ${repository.name}`;
  const { retries = new Retries(), signal } = options;
  for (let attempt = 1; ; attempt++) {
    const refusal = await tryUpload(repository, manifest, tagOrDigest, { ...options, retries });
    if (refusal === undefined) return;
    const mayAppear =
      attempt < attempts && hasCode(refusal, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN");
    if (mayAppear) {
      const error = registryError(refusal, doing, "unavailable");
      if (await retries.mayTryAgain({ error, attempt, doing }, signal)) continue;
    }
    throw registryError(refusal, doing, isOfItsType(refusal) ? "manifest-rejected" : undefined);
  }
}

async function tryUpload(
  repository: Repository,
  manifest: RawManifest,
  tagOrDigest: string,
  options: OperationOptions,
): Promise<Refusal | undefined> {
  const { bytes } = manifest;
  const response = await repository.request({
    ...options,
    method: "PUT",
    target: `manifests/${tagOrDigest}`,
    action: "pull,push",
    headers: { "content-type": parseManifest(manifest).mediaType },
    body: bytes,
  });
  if (response.status < 200 || response.status > 299) return readRefusal(response);
  await response.discard();
  const stored = headerOf(response, "docker-content-digest");
  if (isDigest(stored)) checkDigest(stored, digestOf(bytes, algorithmOf(stored)));
  return undefined;
}

/** A pull-through cache takes none at all: 405. */
function isOfItsType(refusal: Refusal): boolean {
  const { status } = refusal;
  const says = hasCode(refusal, "MANIFEST_INVALID", "TAG_INVALID", "UNSUPPORTED");
  return status === 415 || (status >= 400 && status < 500 && status !== 405 && says);
}
