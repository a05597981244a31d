import { isTag } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { textOf } from "../http/http-exchange.ts";
import type { HTTPResponse } from "../http/http-exchange.ts";
import { jsonObjectOf } from "../http/json-answer.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { pageSizeLimit, pagesOf } from "./listing.ts";

/** In the registry's order (OCI distribution-spec, "Listing tags"). @throws ImageError `not-found`, `denied`, `unavailable` */
export async function* listTags(
  repository: Repository,
  options: OperationOptions = {},
): AsyncGenerator<string, void, undefined> {
  for await (const page of pagesOf(repository, "tags/list", options)) {
    yield* await tagsOn(page, repository);
  }
}

/** As many as one answer holds. @throws ImageError as `listTags` */
export async function listFirstTags(
  repository: Repository,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  for await (const page of pagesOf(repository, "tags/list", options)) {
    return tagsOn(page, repository);
  }
  return [];
}

/** Registries were seen to list null, digests, and nothing at all. */
async function tagsOn(page: HTTPResponse, repository: Repository): Promise<readonly string[]> {
  if (page.status !== 200) {
    throw registryError(await readRefusal(page), `list the tags of ${repository.name}`);
  }
  const { tags } = jsonObjectOf(await textOf(page, pageSizeLimit));
  const listed: readonly unknown[] = Array.isArray(tags) ? tags : [];
  return listed.filter((tag) => typeof tag === "string" && isTag(tag)) as readonly string[];
}
