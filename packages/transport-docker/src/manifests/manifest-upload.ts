import { algorithmOf, isDigest, Retries } from "@drayage/core";
import type { Digest, Manifest, OperationOptions, RawManifest } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";
import { manifestDigestOf, parseManifest } from "@drayage/core/manifest";

import { algorithmError } from "../http/algorithm-error.ts";
import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { hasCode, readErrorResponse, registryError } from "../http/registry-error.ts";
import type { ErrorResponse, RegistryError } from "../http/registry-error.ts";
import { unlistedReferrer } from "../referrers/unlisted-referrer.ts";
import type { UnlistedReferrer } from "../referrers/unlisted-referrer.ts";
import type { Repository } from "../registry/repository.ts";
import { adviseMissing } from "./missing-instances.ts";

export interface ManifestUploadOptions extends OperationOptions {
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters of OCI distribution-spec 1.2: `tag` beside a digest, `digest` beside a tag. */
  readonly query?: URLSearchParams;
  /** Receives the tags that the registry has set, if it reports them. */
  readonly onTags?: (tags: readonly string[]) => void;
}

/**
 * The maximum number of attempts after an unknown-blob error. A registry may not see an uploaded blob yet: Docker
 * Distribution during a concurrent upload of the same blob, others until all replicas have it.
 */
const maxAttempts = 3;

/**
 * Uploads the manifest that the reference will name. A registry computes a sha256 digest for a manifest that is uploaded
 * by tag, so a manifest with another digest is uploaded by this digest, and tagged in the same request or in a second one.
 * @throws ImageError as `uploadManifest`, `unsupported` if the registry does not accept the algorithm
 */
export async function uploadNamedManifest(
  repository: Repository,
  manifest: RawManifest,
  tagOrDigest: string,
  options: ManifestUploadOptions,
): Promise<UnlistedReferrer | undefined> {
  const { digest } = manifest;
  if (digest === undefined || algorithmOf(digest) === "sha256" || isDigest(tagOrDigest))
    return uploadManifest(repository, manifest, tagOrDigest, options);
  let isTagged = false;
  const onTags = (tags: readonly string[]): void => {
    isTagged = tags.includes(tagOrDigest);
  };
  const query = new URLSearchParams({ tag: tagOrDigest });
  const tagged = { ...options, query, onTags };
  const unlisted = await uploadManifest(repository, manifest, digest, tagged);
  if (isTagged) return unlisted;
  return uploadManifest(repository, manifest, tagOrDigest, {
    ...options,
    query: new URLSearchParams({ digest }),
  });
}

/**
 * Uploads a manifest under a tag or its digest. Returns the referrer if the registry does not list it under its
 * subject; the caller must list it.
 * @throws ImageError `manifest-rejected` if another media type may be accepted; `not-found` if content of the manifest
 * is missing
 */
export async function uploadManifest(
  repository: Repository,
  { bytes, mediaType }: RawManifest,
  tagOrDigest: string,
  options: ManifestUploadOptions,
): Promise<UnlistedReferrer | undefined> {
  const operation = `write the manifest ${tagOrDigest} to ${repository.name}`;
  const { retries = new Retries(), headers, query, onTags, ...rest } = options;
  const parameters = query === undefined ? "" : `?${query.toString()}`;
  const manifest = parseManifest({ bytes, mediaType });
  for (let attempt = 1; ; attempt++) {
    const response = await repository.request({
      ...rest,
      retries,
      method: "PUT",
      target: `manifests/${tagOrDigest}${parameters}`,
      action: "pull,push",
      headers: { ...headers, "content-type": manifest.mediaType },
      body: bytes,
    });
    if (response.status >= 200 && response.status <= 299) {
      onTags?.((headerOf(response, "oci-tag") ?? "").split(",").map((tag) => tag.trim()));
      return stored(response, manifest, bytes, tagOrDigest);
    }
    const errorResponse = await readErrorResponse(response);
    const mayAppear =
      attempt < maxAttempts && hasCode(errorResponse, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN");
    if (mayAppear) {
      const error = registryError(errorResponse, operation, "unavailable");
      if (await retries.waitForRetry({ error, attempt, operation }, options.signal)) continue;
    }
    const rejected =
      isDigest(tagOrDigest) && algorithmError(errorResponse, operation, algorithmOf(tagOrDigest));
    throw rejected || (await failed(errorResponse, operation, manifest, repository, rest));
  }
}

async function stored(
  response: HTTPResponse,
  manifest: Manifest,
  bytes: Uint8Array,
  tagOrDigest: string,
): Promise<UnlistedReferrer | undefined> {
  await response.discard();
  const raw = { bytes, mediaType: manifest.mediaType };
  const stated = headerOf(response, "docker-content-digest");
  if (isDigest(stated)) checkDigest(stated, manifestDigestOf(raw, algorithmOf(stated)));
  if (headerOf(response, "oci-subject") !== undefined) return undefined;
  const digest: Digest = [tagOrDigest, stated].find(isDigest) ?? manifestDigestOf(raw);
  return unlistedReferrer(manifest, { digest, size: bytes.byteLength });
}

async function failed(
  errorResponse: ErrorResponse,
  operation: string,
  manifest: Manifest,
  repository: Repository,
  options: OperationOptions,
): Promise<RegistryError> {
  const mayLackImages =
    manifest.kind === "index" && (isMissingContent(errorResponse) || isTypeRejected(errorResponse));
  const advice = mayLackImages ? await adviseMissing(repository, manifest, options) : undefined;
  if (advice !== undefined) return registryError(errorResponse, operation, "not-found", advice);
  return registryError(
    errorResponse,
    operation,
    isTypeRejected(errorResponse) ? "manifest-rejected" : undefined,
  );
}

function isMissingContent(errorResponse: ErrorResponse): boolean {
  return hasCode(errorResponse, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN");
}

/**
 * Whether the registry rejects the media type: the errors after which containers/image tries another type, and 415.
 * ECR returns 405 UNSUPPORTED with these words for an unknown type; a pull-through cache returns 405 without them for
 * every manifest.
 */
function isTypeRejected(errorResponse: ErrorResponse): boolean {
  const { status } = errorResponse;
  if (status === 415) return true;
  if (status < 400 || status > 499) return false;
  const namesType = hasCode(errorResponse, "MANIFEST_INVALID", "TAG_INVALID");
  return namesType || /invalid json syntax/i.test(errorResponse.message);
}
