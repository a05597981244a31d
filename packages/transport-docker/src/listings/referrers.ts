import {
  bareMediaType,
  gathered,
  manifestSizeLimit,
  mediaTypes,
  parseManifest,
} from "@drayage/core";
import type { Descriptor, Digest, OperationOptions, RawManifest } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { readManifest, requestManifest } from "../manifests/manifest-download.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { pagesOf } from "./listing.ts";

/** Manifests whose `subject` is this one (OCI distribution-spec, "Listing referrers" and "Referrers tag schema"). */
export async function* listReferrers(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  for await (const page of pagesOf(repository, `referrers/${subject}`, options)) {
    if (isIndex(page)) {
      const bytes = await gathered(page.bytes, manifestSizeLimit);
      yield* descriptorsIn({ bytes, mediaType: mediaTypes.ociIndex });
    } else {
      if (page.status !== 404 && page.status !== 200) throw await failed(page, repository, subject);
      await page.discard();
      return yield* taggedReferrers(repository, subject, options);
    }
  }
}

/** A registry that does not know the question may answer it with anything. */
function isIndex(response: HTTPResponse): boolean {
  const mediaType = bareMediaType(headerOf(response, "content-type") ?? "");
  return response.status === 200 && mediaType === mediaTypes.ociIndex;
}

async function* taggedReferrers(
  repository: Repository,
  subject: Digest,
  options: OperationOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  const tag = subject.replace(":", "-").slice(0, 128);
  const response = await requestManifest("GET", repository, tag, options);
  if (response.status === 200) return yield* descriptorsIn(await readManifest(response));
  if (response.status !== 404) throw await failed(response, repository, subject);
  return response.discard();
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
