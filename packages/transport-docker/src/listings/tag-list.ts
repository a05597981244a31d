import { isDigest } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isTag } from "@drayage/core/reference";

import type { Repository } from "../registry/repository.ts";
import { pageSizeLimit } from "./listing.ts";
import { listFirstNames, listNames } from "./name-list.ts";
import type { NameListing } from "./name-list.ts";

/**
 * Lists tags in the order of the registry (OCI distribution-spec, "Listing tags"). @throws ImageError `not-found`,
 * `denied`, `unavailable`
 */
export function listTags(
  repository: Repository,
  options: OperationOptions = {},
): AsyncGenerator<string, void, undefined> {
  return listNames(tagsOf(repository, options));
}

/** Lists the tags of the first page. @throws ImageError as `listTags` */
export async function listFirstTags(
  repository: Repository,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  return listFirstNames(tagsOf(repository, options));
}

function tagsOf(repository: Repository, options: OperationOptions): NameListing {
  const request = {
    ...options,
    method: "GET",
    action: "pull",
    maxBodySize: pageSizeLimit,
  } as const;
  return {
    what: `the tags of ${repository.name}`,
    start: "tags/list",
    field: "tags",
    classify: classifyTag,
    isForRepository: (name, url) =>
      isSameRepository(name, repository.path) || isSameRepository(name, repositoryIn(url)),
    ask: async (target) => repository.request({ ...request, target }),
  };
}

/** Some registries list digests among the tags. */
function classifyTag(text: string): "name" | "skip" | "invalid" {
  if (isTag(text)) return "name";
  return text === "" || isDigest(text) ? "skip" : "invalid";
}

/** The repository of a URL; a registry may redirect to a new name. */
function repositoryIn({ pathname }: URL): string {
  return /^\/v2\/(.+)\/tags\/list$/.exec(pathname)?.[1] ?? "";
}

/** Compares the last path component, because proxies and virtual repositories change the rest of the path. */
function isSameRepository(name: string, path: string): boolean {
  const last = (text: string): string => text.slice(text.lastIndexOf("/") + 1).toLowerCase();
  return last(name) === last(path);
}
