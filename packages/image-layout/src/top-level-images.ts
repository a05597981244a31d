import type { Digest, Manifest, OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { isIndexMediaType } from "@drayage/core/manifest";

import { digestsOf } from "./image-entries.ts";
import { nameOfEntry } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { manifestOf, mayBeManifest, subjectOfEntry } from "./referrer-entries.ts";

/**
 * The entries of images, without entries that belong to another image: attestations, referrers, instances of a listed
 * index, and artifacts beside images. Reads manifests only if several images remain.
 */
export async function topLevelImages(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions = {},
): Promise<readonly IndexEntry[]> {
  const filters: readonly ((remaining: readonly IndexEntry[]) => Promise<readonly IndexEntry[]>)[] =
    [
      async (remaining) => remaining.filter(mayBeManifest),
      async (remaining) => remaining.filter((entry) => !isAttestation(entry)),
      async (remaining) => withoutReferrers(layout, remaining, options),
      async (remaining) => withoutInstances(layout, remaining, options),
      async (remaining) => withoutArtifacts(layout, remaining, options),
    ];
  let remaining = entries;
  for (const filter of filters)
    if (digestsOf(remaining).size > 1) remaining = await filter(remaining);
  return remaining;
}

/** Recognizes attestations by the annotations and platforms that BuildKit writes. */
function isAttestation({ annotations, platform }: IndexEntry): boolean {
  const type = isJSONObject(annotations) ? annotations["vnd.docker.reference.type"] : undefined;
  const { os, architecture } = isJSONObject(platform) ? platform : {};
  return type === "attestation-manifest" || (os === "unknown" && architecture === "unknown");
}

async function withoutReferrers(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  const images: IndexEntry[] = [];
  for (const entry of entries)
    if ((await subjectOfEntry(layout, entry, options)) === undefined) images.push(entry);
  return images;
}

/** Omits instances of listed indexes: some tools list them as well. */
async function withoutInstances(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  const instances = new Set<Digest>();
  for (const entry of entries) {
    if (!isIndexMediaType(entry["mediaType"] as string)) continue;
    const { manifest } = (await manifestOf(layout, entry, options)) ?? {};
    if (manifest?.kind === "index")
      for (const { digest } of manifest.manifests) instances.add(digest);
  }
  const isListed = (entry: IndexEntry): boolean => instances.has(entry["digest"] as Digest);
  return entries.filter((entry) => nameOfEntry(entry) !== undefined || !isListed(entry));
}

/** Omits artifacts, unless there are only artifacts. */
async function withoutArtifacts(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  const images: IndexEntry[] = [];
  for (const entry of entries) {
    const { manifest } = (await manifestOf(layout, entry, options)) ?? {};
    if (!isArtifact(entry, manifest)) images.push(entry);
  }
  return images.length > 0 ? images : entries;
}

function isArtifact({ artifactType }: IndexEntry, manifest: Manifest | undefined): boolean {
  const isTyped = typeof artifactType === "string" && artifactType !== "";
  return isTyped || manifest?.artifactType !== undefined;
}
