import { ImageError, isDigest, isImageError, parseManifest } from "@drayage/core";
import type { Digest, NamedReference, OperationOptions } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import { changeReferrersTag } from "../listings/referrers-tag.ts";
import { lacksReferrersAPI } from "../listings/referrers.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Refusal } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { downloadManifest, requestManifest } from "./manifest-download.ts";
import { explainMissing } from "./missing-manifest.ts";
import { tagsThatGo } from "./tags-of-digest.ts";

/**
 * Deletes a tag and, where the registry cannot do that alone, the manifest that it names, other tags of it included:
 * `onNotice` is told of those before. What refers to another manifest goes from the list of those that do.
 * @throws ImageError `not-found`, `denied`, `unsupported` where the registry deletes nothing
 */
export async function deleteManifest(
  repository: Repository,
  { tag, digest }: Pick<NamedReference, "tag" | "digest">,
  options: OperationOptions,
): Promise<void> {
  const target = digest ?? (await deleteTag(repository, tag ?? "latest", options));
  if (target === undefined) return;
  await warn(repository, target, tag, options);
  const subject = await subjectOf(repository, target, options);
  const refusal = await tryDeletion(repository, target, options);
  if (refusal !== undefined && !isGoneBy(refusal)) throw failed(repository, target, refusal);
  if (subject === undefined || !(await lacksReferrersAPI(repository, subject, options))) return;
  await changeReferrersTag(repository, { subject, removed: target }, options);
}

async function warn(
  repository: Repository,
  digest: Digest,
  tag: string | undefined,
  options: OperationOptions,
): Promise<void> {
  if (options.onNotice === undefined) return;
  const text = await tagsThatGo(repository, digest, tag, options);
  const { host } = repository.registry.trust;
  if (text !== undefined) options.onNotice({ kind: "warning", host, text });
}

/** What is damaged, or not there, refers to nothing. */
async function subjectOf(
  repository: Repository,
  digest: Digest,
  options: OperationOptions,
): Promise<Digest | undefined> {
  try {
    const manifest = parseManifest(await downloadManifest(repository, digest, options));
    return manifest.subject?.digest;
  } catch (error) {
    if (!isImageError(error) || options.signal?.aborted) throw error;
    return undefined;
  }
}

/** The digest to delete instead, where the registry cannot delete a tag alone. */
async function deleteTag(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<Digest | undefined> {
  const refusal = await tryDeletion(repository, tag, options);
  if (refusal === undefined) return undefined;
  if (![400, 404, 405].includes(refusal.status)) throw failed(repository, tag, refusal);
  try {
    return await digestOfTag(repository, tag, options);
  } catch (error) {
    if (isGoneBy(refusal) && isImageError(error, "not-found")) return undefined;
    throw error;
  }
}

/** True where an attempt whose answer was lost has most likely done it. */
function isGoneBy({ status, mayBeDone }: Refusal): boolean {
  return status === 404 && mayBeDone;
}

async function tryDeletion(
  repository: Repository,
  tagOrDigest: string,
  options: OperationOptions,
): Promise<Refusal | undefined> {
  const target = `manifests/${tagOrDigest}`;
  const request = { method: "DELETE", target, action: "pull,delete" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status < 200 || response.status > 299) return readRefusal(response);
  await response.discard();
  return undefined;
}

async function digestOfTag(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<Digest> {
  const response = await requestManifest("HEAD", repository, tag, {
    ...options,
    action: "pull,delete",
  });
  if (response.status !== 200) throw await explainMissing(response, repository, tag, options);
  await response.discard();
  const digest = headerOf(response, "docker-content-digest");
  if (isDigest(digest)) return digest;
  throw new ImageError(
    "unsupported",
    `${response.url.host} deletes by digest only and does not tell that of ${tag}: name the digest`,
  );
}

function failed(repository: Repository, tagOrDigest: string, refusal: Refusal): ImageError {
  const doing = `delete ${tagOrDigest} from ${repository.name}`;
  if (refusal.status !== 405) return registryError(refusal, doing);
  return registryError(refusal, doing, "unsupported", "that registry is not set up to delete");
}
