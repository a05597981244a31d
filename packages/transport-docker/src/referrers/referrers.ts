import { ImageError, isImageError, mediaTypes } from "@drayage/core";
import type {
  Descriptor,
  Digest,
  OperationOptions,
  Referrer,
  ReferrersOptions,
} from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { parseJSONObject } from "@drayage/core/json";
import { bareMediaType, parseManifest } from "@drayage/core/manifest";
import { digestTagsOf, referrersTagOf } from "@drayage/core/reference";
import { jsonObjectOf } from "@drayage/transport-kit/wire";

import { headerOf, readBody } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readErrorResponse, errorResponseOf, registryError } from "../http/registry-error.ts";
import { pageSizeLimit, pagesOf } from "../listings/listing.ts";
import { readManifest, requestManifest } from "../manifests/manifest-download.ts";
import { findDigest, requestManifestPresence } from "../manifests/manifest-presence.ts";
import type { Repository } from "../registry/repository.ts";

/** Lists the referrers of a manifest (OCI distribution-spec, "Listing referrers" and "Referrers tag schema"). */
export async function* listReferrers(
  repository: Repository,
  subject: Digest,
  { artifactType, ...options }: ReferrersOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const filter = artifactType && `?${new URLSearchParams({ artifactType }).toString()}`;
  const request = {
    ...options,
    method: "GET",
    action: "pull",
    maxBodySize: pageSizeLimit,
  } as const;
  const listing = {
    what: `the referrers of ${subject} in ${repository.name}`,
    start: `referrers/${subject}${filter ?? ""}`,
    ask: async (target: string | URL) => repository.request({ ...request, target }),
  };
  const seen = new Set<Digest>();
  let isFirst = true;
  for await (const page of pagesOf(listing)) {
    const descriptors = await referrersOn(page.response, listing.what);
    if (descriptors === undefined && isFirst) {
      return yield* taggedReferrers(repository, subject, options);
    }
    if (descriptors === undefined) {
      throw new ImageError(
        "unsupported",
        `The list of ${listing.what} is incomplete: a later page is missing`,
      );
    }
    const known = seen.size;
    for (const { digest } of descriptors) seen.add(digest);
    page.newEntries = seen.size - known;
    yield* descriptors;
    isFirst = false;
  }
}

/** Whether the registry lacks the referrers API. */
export async function lacksReferrersAPI(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): Promise<boolean> {
  const target = `referrers/${subject}`;
  const request = { ...options, method: "GET", target, action: "pull" } as const;
  const response = await repository.request(request);
  await response.discard();
  return !hasIndexType(response) && isUnsupportedResponse(response);
}

/**
 * Lists the existing tags that cosign derives from a digest. The absence of tags is trusted only if HEAD finds the
 * subject, because a registry without HEAD must not hide signatures.
 */
export async function* listDigestTags(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<Referrer, void, undefined> {
  const find = async (confirmAbsence: boolean): Promise<readonly Referrer[]> => {
    const tagged = digestTagsOf(subject).map(async (tag) => {
      const digest = await findDigest(repository, tag, { ...options, confirmAbsence });
      return digest === undefined ? [] : { digest, tag };
    });
    return (await Promise.all(tagged)).flat();
  };
  const support = repository.registry.headSupport.manifests;
  const isTrusted = (): boolean => support.isReliable && !support.isMissing;
  if (isTrusted() || support.isMissing) return yield* await find(false);
  const found = await find(false);
  if (!isTrusted()) await (await requestManifestPresence(repository, subject, options)).discard();
  yield* isTrusted() ? found : await find(true);
}

/**
 * The referrers on a page; undefined if the registry has no referrers API, in which case it may return any response.
 */
async function referrersOn(
  page: HTTPResponse,
  what: string,
): Promise<readonly Descriptor[] | undefined> {
  const bytes = page.status === 200 ? await readBody(page, maxManifestSize) : undefined;
  if (bytes === undefined && !isUnsupportedResponse(page)) {
    throw registryError(await readErrorResponse(page), `list ${what}`);
  }
  if (bytes === undefined) await page.discard();
  if (bytes === undefined || !isIndex(page, bytes)) return undefined;
  try {
    return descriptorsIn(bytes);
  } catch (error) {
    if (!isImageError(error, "invalid-manifest")) throw error;
    const errorResponse = errorResponseOf(page, new TextDecoder().decode(bytes));
    throw registryError(
      errorResponse,
      `list ${what}`,
      "unavailable",
      "the response is not a list of referrers",
    );
  }
}

/** Some registries send an index under another media type. */
function isIndex(page: HTTPResponse, bytes: Uint8Array): boolean {
  if (hasIndexType(page)) return true;
  const { mediaType } = jsonObjectOf(new TextDecoder().decode(bytes));
  return mediaType === mediaTypes.ociIndex;
}

function hasIndexType(response: HTTPResponse): boolean {
  const mediaType = bareMediaType(headerOf(response, "content-type") ?? "");
  return response.status === 200 && mediaType === mediaTypes.ociIndex;
}

function isUnsupportedResponse({ status }: HTTPResponse): boolean {
  return [200, 400, 404, 405, 406, 501].includes(status);
}

async function* taggedReferrers(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const tag = referrersTagOf(subject);
  const response = await requestManifest("GET", repository, tag, options);
  if (response.status === 404) return response.discard();
  const operation = `list the referrers of ${subject} in ${repository.name}`;
  if (response.status !== 200) throw registryError(await readErrorResponse(response), operation);
  const parsed = parseManifest(await readManifest(response));
  // An image under this tag is not a list of referrers.
  if (parsed.kind === "index") yield* parsed.manifests;
}

/** Parses a list of referrers. null is an empty list; an object without a list is an error. */
function descriptorsIn(bytes: Uint8Array): readonly Descriptor[] {
  const { value } = parseJSONObject("list of referrers", bytes);
  if (!("manifests" in value)) throw new ImageError("invalid-manifest", "It has no list manifests");
  const parsed = parseManifest({ bytes, mediaType: mediaTypes.ociIndex });
  return parsed.kind === "index" ? parsed.manifests : [];
}
