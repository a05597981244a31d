import {
  algorithmOf,
  checkDigest,
  digestOf,
  isDigest,
  parseManifest,
  Retries,
} from "@drayage/core";
import type { Digest, Manifest, OperationOptions, RawManifest } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, readRefusal, registryError } from "../http/registry-error.ts";
import type { Refusal, RegistryError } from "../http/registry-error.ts";
import { unlistedReferrer } from "../referrers/unlisted-referrer.ts";
import type { UnlistedReferrer } from "../referrers/unlisted-referrer.ts";
import type { Repository } from "../registry/repository.ts";
import { adviseMissing } from "./missing-instances.ts";

export interface ManifestUploadOptions extends OperationOptions {
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A registry may not see a blob yet that it has just confirmed: Docker Distribution for a moment while somebody else
 * sends the same one, others until all of their machines know of it.
 */
const attempts = 3;

/**
 * Stores a manifest under a tag or its digest. What it gives back is to be listed by whoever asked, since the registry
 * does not list what refers to its subject.
 * @throws ImageError `manifest-rejected` where another type might be taken, `not-found` where something in it is missing
 */
export async function uploadManifest(
  repository: Repository,
  { bytes, mediaType }: RawManifest,
  tagOrDigest: string,
  options: ManifestUploadOptions,
): Promise<UnlistedReferrer | undefined> {
  const doing = `write the manifest ${tagOrDigest} to ${repository.name}`;
  const { retries = new Retries(), headers, ...rest } = options;
  const manifest = parseManifest({ bytes, mediaType });
  for (let attempt = 1; ; attempt++) {
    const response = await repository.request({
      ...rest,
      retries,
      method: "PUT",
      target: `manifests/${tagOrDigest}`,
      action: "pull,push",
      headers: { ...headers, "content-type": manifest.mediaType },
      body: bytes,
    });
    if (response.status >= 200 && response.status <= 299) {
      return stored(response, manifest, bytes, tagOrDigest);
    }
    const refusal = await readRefusal(response);
    const mayAppear =
      attempt < attempts && hasCode(refusal, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN");
    if (mayAppear) {
      const error = registryError(refusal, doing, "unavailable");
      if (await retries.mayTryAgain({ error, attempt, doing }, options.signal)) continue;
    }
    throw await failed(refusal, doing, manifest, repository, rest);
  }
}

async function stored(
  response: HTTPResponse,
  manifest: Manifest,
  bytes: Uint8Array,
  tagOrDigest: string,
): Promise<UnlistedReferrer | undefined> {
  await response.discard();
  const said = headerOf(response, "docker-content-digest");
  if (isDigest(said)) checkDigest(said, digestOf(bytes, algorithmOf(said)));
  if (headerOf(response, "oci-subject") !== undefined) return undefined;
  const digest: Digest = [tagOrDigest, said].find(isDigest) ?? digestOf(bytes);
  return unlistedReferrer(manifest, { digest, size: bytes.byteLength });
}

async function failed(
  refusal: Refusal,
  doing: string,
  manifest: Manifest,
  repository: Repository,
  options: OperationOptions,
): Promise<RegistryError> {
  const mayLackImages =
    manifest.kind === "index" && (isForLackOfParts(refusal) || isOfItsType(refusal));
  const advice = mayLackImages ? await adviseMissing(repository, manifest, options) : undefined;
  if (advice !== undefined) return registryError(refusal, doing, "not-found", advice);
  return registryError(refusal, doing, isOfItsType(refusal) ? "manifest-rejected" : undefined);
}

function isForLackOfParts(refusal: Refusal): boolean {
  return hasCode(refusal, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN");
}

/**
 * The error responses after which containers/image tries another type, and 415. ECR answers 405 UNSUPPORTED for a type
 * that it does not know; the same without these words comes from a pull-through cache, which takes no manifest at all.
 */
function isOfItsType(refusal: Refusal): boolean {
  const { status } = refusal;
  if (status === 415) return true;
  if (status < 400 || status > 499) return false;
  const namesType = hasCode(refusal, "MANIFEST_INVALID", "TAG_INVALID");
  return namesType || /invalid json syntax/i.test(refusal.words);
}
