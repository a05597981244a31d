import { isImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import { listTags } from "../listings/tag-list.ts";
import type { Repository } from "../repository.ts";
import { requestManifest } from "./manifest-download.ts";

const mostAsked = 200;
const mostShown = 10;
const atOnce = 8;

/**
 * Which tags go, beside the one that is known, when a manifest is deleted, in words for a warning; undefined where none
 * does. Costs a request for each tag of the repository, up to 200.
 */
export async function tagsThatGo(
  repository: Repository,
  digest: Digest,
  known: string | undefined,
  options: OperationOptions,
): Promise<string | undefined> {
  const deletion = `Deleting ${digest} from ${repository.name}`;
  const listed = await tagsIn(repository, options);
  if (listed === undefined) {
    return `${deletion} may take other tags with it: which ones cannot be told, since the tags cannot be listed`;
  }
  const others = listed.filter((tag) => tag !== known);
  const asked = others.slice(0, mostAsked);
  const gone = await namesOf(repository, digest, asked, options);
  const more = others.length > asked.length ? `; only ${mostAsked} tags were looked at` : "";
  if (gone.length === 0)
    return more === "" ? undefined : `${deletion} may take other tags with it${more}`;
  const shown = gone.slice(0, mostShown).join(", ");
  const rest = gone.length > mostShown ? ` and ${gone.length - mostShown} more` : "";
  return `${deletion} takes with it the ${gone.length === 1 ? "tag" : "tags"} ${shown}${rest}${more}`;
}

/** One more than are looked at, at most. */
async function tagsIn(
  repository: Repository,
  options: OperationOptions,
): Promise<readonly string[] | undefined> {
  const tags: string[] = [];
  try {
    for await (const tag of listTags(repository, options)) {
      if (tags.push(tag) > mostAsked + 1) break;
    }
    return tags;
  } catch (error) {
    if (!isImageError(error) || options.signal?.aborted) throw error;
    return undefined;
  }
}

async function namesOf(
  repository: Repository,
  digest: Digest,
  tags: readonly string[],
  options: OperationOptions,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const queue = tags.values();
  const asking = Array.from({ length: atOnce }, async () => {
    for (const tag of queue) {
      const response = await requestManifest("HEAD", repository, tag, options);
      await response.discard();
      if (headerOf(response, "docker-content-digest") === digest) found.add(tag);
    }
  });
  await Promise.all(asking);
  return tags.filter((tag) => found.has(tag));
}
