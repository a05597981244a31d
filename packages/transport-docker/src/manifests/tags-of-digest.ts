import { isImageError } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { listTags } from "../listings/tag-list.ts";
import type { Repository } from "../registry/repository.ts";
import { findDigest } from "./manifest-presence.ts";

const maxRequests = 1000;
const maxShown = 10;
const concurrency = 8;

/** The tags of a manifest except a known one. */
export interface OtherTags {
  readonly tags: readonly string[];
  /** Why the list may be incomplete, as a clause; undefined if it is complete. */
  readonly incomplete: string | undefined;
}

/** Finds the other tags of a manifest with one request per tag of the repository, up to 1,000. */
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
  const checked = others.slice(0, maxRequests);
  const tags = await namesOf(repository, digest, checked, options);
  const isCut = others.length > checked.length;
  const incomplete = isCut ? `only ${maxRequests} tags of the repository were checked` : undefined;
  return { tags, incomplete };
}

/** Formats other tags as `the tags 2, 3` or `possibly other tags, since …`; undefined if there are none. */
export function formatOtherTags({ tags, incomplete }: OtherTags): string | undefined {
  const reason = incomplete === undefined ? "" : `, since ${incomplete}`;
  if (tags.length === 0) {
    return incomplete === undefined ? undefined : `possibly other tags${reason}`;
  }
  const shown = tags.slice(0, maxShown).join(", ");
  const rest = tags.length > maxShown ? ` and ${tags.length - maxShown} more` : "";
  const others = incomplete === undefined ? "" : `, and possibly others${reason}`;
  return `the ${tags.length === 1 ? "tag" : "tags"} ${shown}${rest}${others}`;
}

/** Lists up to one tag more than are checked; undefined if the registry does not list tags. */
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
