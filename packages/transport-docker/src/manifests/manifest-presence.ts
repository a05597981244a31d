import { algorithmOf, digestOf, ImageError, isDigest } from "@drayage/core";
import type { Digest, OperationOptions, RawManifest } from "@drayage/core";
import { checkDigest, maxManifestSize } from "@drayage/core/content";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import { isFound } from "../registry/head-support.ts";
import { requestPresence } from "../registry/presence-request.ts";
import type { Repository, RepositoryAction } from "../registry/repository.ts";
import {
  acceptedManifests,
  isSchema1,
  readManifest,
  requestManifest,
} from "./manifest-download.ts";

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
  if (!isFromHead) return digestOfManifest(manifest, stated);
  if (isDigest(stated)) return stated;
  const second = await requestManifest("GET", repository, tagOrDigest, options);
  if (second.status === 200) return digestOfManifest(await readManifest(second));
  throw registryError(await readErrorResponse(second), `read ${tagOrDigest} of ${repository.name}`);
}

/**
 * The digest of a manifest. `stated` is the digest in the response header, used only for schema 1, whose digest is not
 * computed from its bytes.
 * @throws ImageError `digest-mismatch`; `unsupported` for schema 1 without a stated digest
 */
export function digestOfManifest(
  { bytes, mediaType, digest }: RawManifest,
  stated?: string,
): Digest {
  if (digest !== undefined) checkDigest(digestOf(bytes, algorithmOf(digest)), digest);
  if (!isSchema1(mediaType)) return digest ?? digestOf(bytes);
  if (isDigest(stated)) return stated;
  throw new ImageError(
    "unsupported",
    "The registry does not return the digest of this manifest of schema 1; name it by its digest",
  );
}
