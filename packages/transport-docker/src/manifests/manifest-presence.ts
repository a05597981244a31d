import { algorithmOf, isDigest } from "@drayage/core";
import type { Digest, OperationOptions, RawManifest } from "@drayage/core";
import { checkDigest, maxManifestSize } from "@drayage/core/content";
import { manifestDigestOf } from "@drayage/core/manifest";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import { isFound } from "../registry/head-support.ts";
import { requestPresence } from "../registry/presence-request.ts";
import type { Repository, RepositoryAction } from "../registry/repository.ts";
import { acceptedManifests, readManifest, requestManifest } from "./manifest-download.ts";

export interface ManifestPresenceOptions extends OperationOptions {
  readonly action?: RepositoryAction | undefined;
  /** As in `PresenceRequest`. Default true. */
  readonly confirmAbsence?: boolean | undefined;
}

/**
 * Finds the digest of a tag or manifest; undefined if it does not exist. If the registry does not return the digest,
 * the manifest is downloaded.
 * @throws ImageError `denied`, `unavailable`, `digest-mismatch`
 */
export async function findDigest(
  repository: Repository,
  tagOrDigest: string,
  options: ManifestPresenceOptions,
): Promise<Digest | undefined> {
  const response = await requestManifestPresence(repository, tagOrDigest, options);
  if (isFound(response.status)) return digestIn(response, repository, tagOrDigest, options);
  if (response.status !== 404) {
    throw registryError(
      await readErrorResponse(response),
      `find ${tagOrDigest} in ${repository.name}`,
    );
  }
  await response.discard();
  return undefined;
}

/** Requests a manifest by HEAD or GET. The caller reads or discards the body. */
export async function requestManifestPresence(
  repository: Repository,
  tagOrDigest: string,
  { action = "pull", confirmAbsence = true, ...options }: ManifestPresenceOptions,
): Promise<HTTPResponse> {
  return requestPresence(repository, {
    ...options,
    kind: "manifests",
    name: tagOrDigest,
    action,
    confirmAbsence,
    headers: { accept: acceptedManifests },
    maxBodySize: maxManifestSize,
  });
}

/** The digest of an existing manifest. Consumes the response. @throws ImageError `digest-mismatch`, … */
export async function digestIn(
  response: HTTPResponse,
  repository: Repository,
  tagOrDigest: string,
  options: ManifestPresenceOptions,
): Promise<Digest> {
  const stated = headerOf(response, "docker-content-digest");
  const manifest = await readManifest(response);
  const isFromHead = manifest.bytes.byteLength === 0;
  if (!isFromHead) return digestOfManifest(manifest);
  if (isDigest(stated)) return stated;
  const second = await requestManifest("GET", repository, tagOrDigest, options);
  if (second.status === 200) return digestOfManifest(await readManifest(second));
  throw registryError(await readErrorResponse(second), `read ${tagOrDigest} of ${repository.name}`);
}

/** The digest of a manifest. @throws ImageError `digest-mismatch` if the registry returned another one */
export function digestOfManifest(manifest: RawManifest): Digest {
  const { digest } = manifest;
  if (digest === undefined) return manifestDigestOf(manifest);
  checkDigest(manifestDigestOf(manifest, algorithmOf(digest)), digest);
  return digest;
}
