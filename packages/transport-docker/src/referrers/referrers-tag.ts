import { ImageError, isImageError, mediaTypes, Retries } from "@drayage/core";
import type { Descriptor, Digest, OperationOptions } from "@drayage/core";
import { isJSONObject, parseJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";
import { manifestShape, parseDescriptor, parseManifest } from "@drayage/core/manifest";
import { referrersTagOf } from "@drayage/core/reference";
import { withMutex } from "@drayage/transport-kit/files";

import { headerOf } from "../http/http-exchange.ts";
import { readErrorResponse, RegistryError, registryError } from "../http/registry-error.ts";
import { readManifest, requestManifest } from "../manifests/manifest-download.ts";
import { uploadManifest } from "../manifests/manifest-upload.ts";
import { missingInstances } from "../manifests/missing-instances.ts";
import type { Repository } from "../registry/repository.ts";

/** A change to the referrers tag of a manifest. */
export interface ReferrersChange {
  readonly subject: Digest;
  readonly added?: readonly Descriptor[];
  readonly removed?: Digest;
}

/**
 * Updates the referrers tag of a registry without a referrers API (OCI distribution-spec, "Referrers Tag Schema").
 * Registries have no locks, so the tag is read again after each write to detect a concurrent update.
 * @throws ImageError `conflict` if the tag holds other content or is overwritten repeatedly
 */
export async function changeReferrersTag(
  repository: Repository,
  change: ReferrersChange,
  options: OperationOptions,
): Promise<void> {
  const { retries = new Retries(), signal } = options;
  const tag = referrersTagOf(change.subject);
  const operation = `update the referrers of ${change.subject} in ${repository.name}`;
  await withMutex(`${repository.name} ${tag}`, signal, async () => {
    await retries.run(
      operation,
      async () => {
        const list = await readList(repository, tag, options);
        if (isApplied(list, change)) return;
        await writeList(repository, tag, changed(list, change), options);
        if (isApplied(await readList(repository, tag, options), change)) return;
        const message = `Could not ${operation}: other clients overwrite the list`;
        throw new ImageError("conflict", message, { retryable: true });
      },
      { signal },
    );
  });
}

interface ReferrersList {
  readonly fields: JSONObject;
  readonly entries: readonly JSONObject[];
  /** Headers that make the update conditional, for registries that support it. */
  readonly condition: Readonly<Record<string, string>>;
}

async function readList(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<ReferrersList> {
  const request = { ...options, action: "pull,push" } as const;
  const response = await requestManifest("GET", repository, tag, request);
  if (response.status === 404) {
    await response.discard();
    const fields = { schemaVersion: 2, mediaType: mediaTypes.ociIndex };
    return { fields, entries: [], condition: { "if-none-match": "*" } };
  }
  if (response.status !== 200) {
    throw registryError(await readErrorResponse(response), `read ${tag} of ${repository.name}`);
  }
  const raw = await readManifest(response);
  if (parseManifest(raw).mediaType !== mediaTypes.ociIndex) {
    throw new ImageError("conflict", `${tag} of ${repository.name} is not a list of referrers`);
  }
  const { value: fields } = parseJSONObject("manifest", raw.bytes, manifestShape);
  const entries = ((fields["manifests"] ?? []) as readonly unknown[]).filter(isJSONObject);
  const etag = headerOf(response, "etag");
  return { fields, entries, condition: etag?.startsWith('"') ? { "if-match": etag } : {} };
}

/**
 * Writes the list. A failed condition is not an error, because the list is read again afterwards. Entries of deleted
 * manifests are removed if the registry rejects them.
 */
async function writeList(
  repository: Repository,
  tag: string,
  { fields, entries, condition }: ReferrersList,
  options: OperationOptions,
): Promise<void> {
  const upload = async (manifests: readonly JSONObject[]): Promise<void> => {
    const bytes = Buffer.from(JSON.stringify({ ...fields, manifests }));
    const list = { bytes, mediaType: mediaTypes.ociIndex };
    await uploadManifest(repository, list, tag, { ...options, headers: condition });
  };
  try {
    await upload(entries);
  } catch (error) {
    if (error instanceof RegistryError && error.status === 412) return;
    if (!isImageError(error, "not-found")) throw error;
    const descriptors = entries.map((entry) => parseDescriptor("an entry", entry));
    const missing = await missingInstances(repository, descriptors, options);
    if (missing.length === 0) throw error;
    const gone = new Set<unknown>(missing.map(({ digest }) => digest));
    await upload(entries.filter(({ digest }) => !gone.has(digest)));
  }
}

function isApplied({ entries }: ReferrersList, { added = [], removed }: ReferrersChange): boolean {
  const listed = new Set(entries.map(({ digest }) => digest));
  return added.every(({ digest }) => listed.has(digest)) && !listed.has(removed);
}

function changed(list: ReferrersList, { added = [], removed }: ReferrersChange): ReferrersList {
  const kept = list.entries.filter(({ digest }) => digest !== removed);
  const listed = new Set(kept.map(({ digest }) => digest));
  const entries = added.filter(({ digest }) => !listed.has(digest)).map(entryOf);
  return { ...list, entries: [...kept, ...entries] };
}

function entryOf({ mediaType, digest, size, artifactType, annotations }: Descriptor): JSONObject {
  return { mediaType, digest, size, artifactType, annotations };
}
