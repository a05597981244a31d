import { ImageError, isImageError } from "@drayage/core";
import type {
  DeleteImageOptions,
  Digest,
  NamedReference,
  OperationOptions,
  RawManifest,
} from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";

import { readErrorResponse, registryError } from "../http/registry-error.ts";
import type { ErrorResponse } from "../http/registry-error.ts";
import { changeReferrersTag } from "../referrers/referrers-tag.ts";
import { lacksReferrersAPI } from "../referrers/referrers.ts";
import type { Repository } from "../registry/repository.ts";
import { downloadManifest, readManifest, requestManifest } from "./manifest-download.ts";
import { digestOfManifest } from "./manifest-presence.ts";
import { explainMissing } from "./missing-manifest.ts";
import { formatOtherTags, otherTagsOf } from "./tags-of-digest.ts";

/**
 * Deletes a tag, or a manifest with all its tags. If the registry cannot delete a tag alone, its manifest is deleted;
 * if that has other tags, `allTags` is required. Deleting by digest reports other tags to `onNotice`. A deleted
 * referrer is removed from the referrers tag of its subject.
 * @throws ImageError `not-found`, `denied`; `conflict` for other tags; `unsupported` if the registry does not support
 * deletion
 */
export async function deleteManifest(
  repository: Repository,
  { tag, digest }: Pick<NamedReference, "tag" | "digest">,
  options: DeleteImageOptions,
): Promise<void> {
  if (digest !== undefined) {
    await reportOtherTags(repository, digest, tag, options);
    return deleteDigest(repository, digest, await subjectOf(repository, digest, options), options);
  }
  const tagged = await deleteTag(repository, tag ?? "latest", options);
  if (tagged === undefined) return;
  await rejectOtherTags(repository, tagged.digest, tag ?? "latest", options);
  await deleteDigest(repository, tagged.digest, subjectIn(tagged.manifest), options);
}

async function deleteDigest(
  repository: Repository,
  digest: Digest,
  subject: Digest | undefined,
  options: OperationOptions,
): Promise<void> {
  const errorResponse = await tryDeletion(repository, digest, options);
  if (errorResponse !== undefined && !isProbablyDeleted(errorResponse))
    throw failed(repository, digest, errorResponse);
  if (subject === undefined || !(await lacksReferrersAPI(repository, subject, options))) return;
  await changeReferrersTag(repository, { subject, removed: digest }, options);
}

async function reportOtherTags(
  repository: Repository,
  digest: Digest,
  tag: string | undefined,
  options: OperationOptions,
): Promise<void> {
  if (options.onNotice === undefined) return;
  const others = formatOtherTags(await otherTagsOf(repository, digest, tag, options));
  if (others === undefined) return;
  const text = `Deleting ${digest} from ${repository.name} also removes ${others}`;
  options.onNotice({ kind: "caution", text });
}

/** @throws ImageError `conflict` */
async function rejectOtherTags(
  repository: Repository,
  digest: Digest,
  tag: string,
  options: DeleteImageOptions,
): Promise<void> {
  if (options.allTags) return reportOtherTags(repository, digest, tag, options);
  const others = formatOtherTags(await otherTagsOf(repository, digest, tag, options));
  if (others === undefined) return;
  const { trust, wording } = repository.registry;
  throw new ImageError(
    "conflict",
    `${trust.host} cannot delete ${tag} of ${repository.name} without its manifest ${digest}, and with it ${others}; to delete all of them ${wording.allTags}`,
  );
}

/** The subject of a manifest; undefined for a missing or invalid manifest. */
async function subjectOf(
  repository: Repository,
  digest: Digest,
  options: OperationOptions,
): Promise<Digest | undefined> {
  try {
    return subjectIn(await downloadManifest(repository, digest, options));
  } catch (error) {
    if (!isImageError(error) || options.signal?.aborted) throw error;
    return undefined;
  }
}

function subjectIn(manifest: RawManifest): Digest | undefined {
  try {
    return parseManifest(manifest).subject?.digest;
  } catch (error) {
    if (!isImageError(error)) throw error;
    return undefined;
  }
}

interface TaggedManifest {
  readonly digest: Digest;
  readonly manifest: RawManifest;
}

/** Deletes a tag. Returns its manifest if the registry cannot delete a tag alone. */
async function deleteTag(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<TaggedManifest | undefined> {
  const errorResponse = await tryDeletion(repository, tag, options);
  if (errorResponse === undefined) return undefined;
  if (![400, 404, 405, 501].includes(errorResponse.status))
    throw failed(repository, tag, errorResponse);
  try {
    return await taggedManifest(repository, tag, options);
  } catch (error) {
    if (isProbablyDeleted(errorResponse) && isImageError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Whether an earlier attempt, whose response was lost, has probably succeeded. */
function isProbablyDeleted({ status, mayHaveSucceeded }: ErrorResponse): boolean {
  return status === 404 && mayHaveSucceeded;
}

async function tryDeletion(
  repository: Repository,
  tagOrDigest: string,
  options: OperationOptions,
): Promise<ErrorResponse | undefined> {
  const target = `manifests/${tagOrDigest}`;
  const request = { method: "DELETE", target, action: "pull,delete" } as const;
  const response = await repository.request({ ...options, ...request });
  if (response.status < 200 || response.status > 299) return readErrorResponse(response);
  await response.discard();
  return undefined;
}

/** Reads a manifest by GET, because registries may not implement HEAD or not return a digest for it. */
async function taggedManifest(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<TaggedManifest> {
  const request = { ...options, action: "pull,delete" } as const;
  const response = await requestManifest("GET", repository, tag, request);
  if (response.status !== 200) throw await explainMissing(response, repository, tag, options);
  const manifest = await readManifest(response);
  const digest = digestOfManifest(manifest);
  return { digest, manifest };
}

function failed(
  repository: Repository,
  tagOrDigest: string,
  errorResponse: ErrorResponse,
): ImageError {
  const operation = `delete ${tagOrDigest} from ${repository.name}`;
  if (errorResponse.status !== 405) return registryError(errorResponse, operation);
  return registryError(
    errorResponse,
    operation,
    "unsupported",
    "deletion is disabled in this registry; enable it there",
  );
}
