import {
  bareMediaType,
  digestOf,
  digestTagsOf,
  gathered,
  isDigest,
  isImageError,
  manifestSizeLimit,
  mediaTypes,
  parseManifest,
  referrersTagOf,
} from "@drayage/core";
import type {
  Descriptor,
  Digest,
  OperationOptions,
  RawManifest,
  ReferrersOptions,
  TaggedDigest,
} from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readManifest, requestManifest } from "../manifests/manifest-download.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { pageSizeLimit, pagesOf } from "./listing.ts";

/** Manifests whose `subject` is this one (OCI distribution-spec, "Listing referrers" and "Referrers tag schema"). */
export async function* listReferrers(
  repository: Repository,
  subject: Digest,
  { artifactType, ...options }: ReferrersOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const filter = artifactType && `?${new URLSearchParams({ artifactType }).toString()}`;
  const request = { ...options, method: "GET", action: "pull", wholeUpTo: pageSizeLimit } as const;
  const listing = {
    what: `what refers to ${subject} in ${repository.name}`,
    start: `referrers/${subject}${filter ?? ""}`,
    ask: async (target: string | URL) => repository.request({ ...request, target }),
  };
  const seen = new Set<Digest>();
  for await (const listed of pagesOf(listing)) {
    const { response: page } = listed;
    if (isIndex(page)) {
      const bytes = await gathered(page.bytes, manifestSizeLimit);
      const descriptors = descriptorsIn({ bytes, mediaType: mediaTypes.ociIndex });
      const known = seen.size;
      for (const { digest } of descriptors) seen.add(digest);
      listed.newEntries = seen.size - known;
      yield* descriptors;
    } else {
      if (!knowsNoReferrers(page)) throw await failed(page, repository, subject);
      await page.discard();
      return yield* taggedReferrers(repository, subject, options);
    }
  }
}

/** Whether the registry has no list of what refers to a manifest of its own. */
export async function lacksReferrersAPI(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): Promise<boolean> {
  const target = `referrers/${subject}`;
  const request = { ...options, method: "GET", target, action: "pull" } as const;
  const response = await repository.request(request);
  await response.discard();
  return !isIndex(response) && knowsNoReferrers(response);
}

/** Those of cosign's tags for a digest that there are. */
export async function* listDigestTags(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<TaggedDigest, void, undefined> {
  const tags = digestTagsOf(subject);
  const digests = await Promise.all(tags.map(async (tag) => digestUnder(repository, tag, options)));
  for (const [at, tag] of tags.entries()) {
    const digest = digests[at];
    if (digest !== undefined) yield { tag, digest };
  }
}

async function digestUnder(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<Digest | undefined> {
  const response = await requestManifest("HEAD", repository, tag, options);
  if (response.status !== 200 && response.status !== 404) {
    throw registryError(await readRefusal(response), `find ${tag} in ${repository.name}`);
  }
  await response.discard();
  if (response.status === 404) return undefined;
  const digest = headerOf(response, "docker-content-digest");
  if (isDigest(digest)) return digest;
  return digestOf(
    (await readManifest(await requestManifest("GET", repository, tag, options))).bytes,
  );
}

/** A registry that does not know the question may answer it with anything. */
function isIndex(response: HTTPResponse): boolean {
  const mediaType = bareMediaType(headerOf(response, "content-type") ?? "");
  return response.status === 200 && mediaType === mediaTypes.ociIndex;
}

function knowsNoReferrers({ status }: HTTPResponse): boolean {
  return [200, 400, 404, 405, 406, 501].includes(status);
}

async function* taggedReferrers(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const tag = referrersTagOf(subject);
  const response = await requestManifest("GET", repository, tag, options);
  if (response.status === 200) return yield* listedIn(await readManifest(response));
  if (response.status !== 404) throw await failed(response, repository, subject);
  return response.discard();
}

/** What is under the tag and no list says that there are none. */
function listedIn(manifest: RawManifest): readonly Descriptor[] {
  try {
    return descriptorsIn(manifest);
  } catch (error) {
    if (isImageError(error, "invalid-manifest")) return [];
    throw error;
  }
}

function descriptorsIn(manifest: RawManifest): readonly Descriptor[] {
  const parsed = parseManifest(manifest);
  return parsed.kind === "index" ? parsed.manifests : [];
}

async function failed(
  response: HTTPResponse,
  { name }: Repository,
  subject: Digest,
): Promise<Error> {
  return registryError(await readRefusal(response), `list what refers to ${subject} in ${name}`);
}
