import { ImageError, isDigest } from "@drayage/core";
import type { Digest, NamedReference, OperationOptions } from "@drayage/core";

import { headerOf } from "../http/http-exchange.ts";
import { readRefusal, registryError } from "../registry-error.ts";
import type { Refusal } from "../registry-error.ts";
import type { Repository } from "../repository.ts";
import { requestManifest } from "./manifest-download.ts";
import { explainMissing } from "./missing-manifest.ts";

/**
 * Deletes a tag and, where the registry cannot do that alone, the manifest that it names, other tags of it included.
 * @throws ImageError `not-found`, `denied`, `unsupported` where the registry deletes nothing
 */
export async function deleteManifest(
  repository: Repository,
  { tag, digest }: Pick<NamedReference, "tag" | "digest">,
  options: OperationOptions,
): Promise<void> {
  if (digest === undefined && tag !== undefined) {
    const refusal = await tryDeletion(repository, tag, options);
    if (refusal === undefined) return;
    if (![400, 404, 405].includes(refusal.status)) throw failed(repository, tag, refusal);
  }
  const target = digest ?? (await digestOfTag(repository, tag ?? "latest", options));
  const refusal = await tryDeletion(repository, target, options);
  if (refusal !== undefined) throw failed(repository, target, refusal);
}

async function tryDeletion(
  repository: Repository,
  tagOrDigest: string,
  { signal }: OperationOptions,
): Promise<Refusal | undefined> {
  const target = `manifests/${tagOrDigest}`;
  const request = { method: "DELETE", target, action: "pull,delete" } as const;
  const response = await repository.request({ ...request, signal });
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
