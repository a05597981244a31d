import type { Digest, Manifest, OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import { isIndexMediaType } from "@drayage/core/manifest";

import { digestsOf } from "./image-entries.ts";
import { nameOfEntry } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";
import { manifestOf, mayBeManifest, subjectOfEntry } from "./referrer-entries.ts";

/**
 * The entries that stand for an image of their own, without those that are there for another one: attestations, what
 * refers to an image, instances of an index that is listed too, and artifacts beside images. Manifests are read only
 * where more than one image is left without that.
 */
export async function standingImages(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions = {},
): Promise<readonly IndexEntry[]> {
  const reduce: readonly ((left: readonly IndexEntry[]) => Promise<readonly IndexEntry[]>)[] = [
    async (left) => left.filter(mayBeManifest),
    async (left) => left.filter((entry) => !isAttestation(entry)),
    async (left) => withoutReferrers(layout, left, options),
    async (left) => withoutInstances(layout, left, options),
    async (left) => withoutArtifacts(layout, left, options),
  ];
  let left = entries;
  for (const step of reduce) if (digestsOf(left).size > 1) left = await step(left);
  return left;
}

/** As BuildKit marks them. */
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
  const left: IndexEntry[] = [];
  for (const entry of entries)
    if ((await subjectOfEntry(layout, entry, options)) === undefined) left.push(entry);
  return left;
}

/** Some tools list the instances of an index beside it. */
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

/** Where there are images too: artifacts alone are what is meant. */
async function withoutArtifacts(
  layout: LayoutReader,
  entries: readonly IndexEntry[],
  options: OperationOptions,
): Promise<readonly IndexEntry[]> {
  const images: IndexEntry[] = [];
  for (const entry of entries) {
    const { manifest } = (await manifestOf(layout, entry, options)) ?? {};
    if (!isOfArtifact(entry, manifest)) images.push(entry);
  }
  return images.length > 0 ? images : entries;
}

function isOfArtifact({ artifactType }: IndexEntry, manifest: Manifest | undefined): boolean {
  const isTyped = typeof artifactType === "string" && artifactType !== "";
  return isTyped || manifest?.artifactType !== undefined;
}
