import { isDigest, mediaTypes } from "@drayage/core";
import type { OperationOptions, RawManifest } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { bareMediaType, manifestMediaTypes } from "@drayage/core/manifest";

import { headerOf, readBody } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { Repository, RepositoryAction } from "../registry/repository.ts";
import { explainMissing } from "./missing-manifest.ts";

/** The `Accept` header of requests for manifests. */
export const acceptedManifests: string = [
  ...manifestMediaTypes,
  mediaTypes.ociArtifact,
  mediaTypes.dockerSchema1Signed,
  mediaTypes.dockerSchema1,
].join(", ");

export interface ManifestRequestOptions extends OperationOptions {
  /** Default: `pull`. */
  readonly action?: RepositoryAction | undefined;
  /** The media types to request, preferred first. Default, and if empty: all that core reads. */
  readonly manifestMIMETypes?: readonly string[] | undefined;
}

/** Downloads a manifest by tag or digest, byte for byte. @throws ImageError `not-found`, `denied`, `unavailable` */
export async function downloadManifest(
  repository: Repository,
  wanted: string,
  options: ManifestRequestOptions = {},
): Promise<RawManifest> {
  const response = await requestManifest("GET", repository, wanted, options);
  if (response.status !== 200) throw await explainMissing(response, repository, wanted, options);
  if (!isWebPage(response)) return readManifest(response);
  const operation = `read the manifest ${wanted} of ${repository.name}`;
  throw registryError(await readErrorResponse(response), operation, "unavailable");
}

/** Requests a manifest and returns the response with any status. */
export async function requestManifest(
  method: "GET",
  repository: Repository,
  wanted: string,
  { action = "pull", manifestMIMETypes = [], ...options }: ManifestRequestOptions,
): Promise<HTTPResponse> {
  const target = `manifests/${wanted}`;
  const maxBodySize = maxManifestSize;
  const accept = manifestMIMETypes.length === 0 ? acceptedManifests : manifestMIMETypes.join(", ");
  const headers = { accept };
  return repository.request({ ...options, method, target, action, headers, maxBodySize });
}

/** Reads a manifest from a response. @throws ImageError `invalid-manifest` if it exceeds the size limit */
export async function readManifest(response: HTTPResponse): Promise<RawManifest> {
  const mediaType = bareMediaType(headerOf(response, "content-type") ?? "");
  const digest = headerOf(response, "docker-content-digest");
  return {
    bytes: await readBody(response, maxManifestSize),
    ...(mediaType !== "" && { mediaType }),
    ...(isDigest(digest) && { digest }),
  };
}

function isWebPage(response: HTTPResponse): boolean {
  return bareMediaType(headerOf(response, "content-type") ?? "") === "text/html";
}
