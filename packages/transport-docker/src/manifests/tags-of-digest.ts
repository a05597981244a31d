import { isImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { listTags } from "../listings/tag-list.ts";
import type { Repository } from "../registry/repository.ts";
import { findDigest } from "./manifest-presence.ts";

const maxRequests = 1000;
const maxShown = 10;
const concurrency = 8;

/** The tags that a manifest has beside one that is known. */
export interface OtherTags {
  readonly tags: readonly string[];
  /** Why there may be more of them, as a clause; undefined where these are all. */
  readonly incomplete: string | undefined;
}

/** Costs a request for each tag of the repository, for up to 1,000 of them. */
export async function otherTagsOf(
  repository: Repository,
  digest: Digest,
  known: string | undefined,
  options: OperationOptions,
): Promise<OtherTags> {
  const listed = await tagsIn(repository, options);
  if (listed === undefined) {
    return { tags: [], incomplete: "the tags of the repository cannot be listed" };
  }
  const others = listed.filter((tag) => tag !== known);
  const asked = others.slice(0, maxRequests);
  const tags = await namesOf(repository, digest, asked, options);
  const isCut = others.length > asked.length;
  const incomplete = isCut ? `only ${maxRequests} tags of the repository were checked` : undefined;
  return { tags, incomplete };
}

/** `the tags 2, 3`, `tags that are not known, since …`; undefined where there are none. */
export function formatOtherTags({ tags, incomplete }: OtherTags): string | undefined {
  const reason = incomplete === undefined ? "" : `, since ${incomplete}`;
  if (tags.length === 0) {
    return incomplete === undefined ? undefined : `perhaps tags that are not known${reason}`;
  }
  const shown = tags.slice(0, maxShown).join(", ");
  const rest = tags.length > maxShown ? ` and ${tags.length - maxShown} more` : "";
  const others = incomplete === undefined ? "" : `, and perhaps others${reason}`;
  return `the ${tags.length === 1 ? "tag" : "tags"} ${shown}${rest}${others}`;
}

/** One more than are checked, at most; undefined where the registry does not list them. */
async function tagsIn(
  repository: Repository,
  options: OperationOptions,
): Promise<readonly string[] | undefined> {
  const tags: string[] = [];
  try {
    for await (const tag of listTags(repository, options)) {
      if (tags.push(tag) > maxRequests + 1) break;
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
  const workers = Array.from({ length: concurrency }, async () => {
    for (const tag of queue) {
      if ((await findDigest(repository, tag, options)) === digest) found.add(tag);
    }
  });
  await Promise.all(workers);
  return tags.filter((tag) => found.has(tag));
}
