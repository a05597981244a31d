import { isDigest, isImageError } from "@drayage/core";
import type { Descriptor, Digest, Manifest, OperationOptions } from "@drayage/core";
import { isManifestMediaType, parseManifest } from "@drayage/core/manifest";
import { referrersTagOf } from "@drayage/core/reference";

import { readManifest } from "./image-tree.ts";
import { descriptorOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";

/** Manifests with a `subject`, by that. */
export type ReferrersBySubject = ReadonlyMap<Digest, readonly Descriptor[]>;

/** All that `index.json` names itself, as oras and others write it. */
export async function referrersIn(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  options: OperationOptions = {},
): Promise<ReferrersBySubject> {
  const found = new Map<Digest, Descriptor[]>();
  for (const entry of entries) {
    const { manifest, size } = (await manifestOf(layout, entry, options)) ?? {};
    if (manifest?.subject === undefined || size === undefined) continue;
    const { subject, artifactType, annotations } = manifest;
    const referrers = found.get(subject.digest) ?? [];
    found.set(subject.digest, referrers);
    const described = descriptorOfEntry(entry);
    referrers.push({
      ...described,
      mediaType: described.mediaType ?? manifest.mediaType,
      size: described.size ?? size,
      artifactType,
      annotations,
    });
  }
  return found;
}

/** Those that are listed under a name, as in a registry without a list of its own: regclient writes them so. */
export async function listedReferrers(
  layout: LayoutReader,
  { entries }: LayoutIndex,
  subject: Digest,
  options: OperationOptions = {},
): Promise<readonly Descriptor[]> {
  const name = referrersTagOf(subject);
  const entry = entries.find((one) => nameOfEntry(one) === name);
  const list = entry && (await manifestOf(layout, entry, options))?.manifest;
  return list?.kind === "index" ? list.manifests : [];
}

/** What an entry of `index.json` refers to, where it is there for that alone; undefined for an image. */
export async function subjectOfEntry(
  layout: LayoutReader,
  entry: IndexEntry,
  options: OperationOptions = {},
): Promise<Digest | undefined> {
  const name = nameOfEntry(entry);
  if (name === undefined)
    return (await manifestOf(layout, entry, options))?.manifest.subject?.digest;
  const [, algorithm, hex] = /^(sha\d+)-([0-9a-f]+)(?:\.(?:sig|att|sbom))?$/.exec(name) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

/** The manifest that an entry names, and its size in bytes; undefined for one that is not there. */
export async function manifestOf(
  layout: LayoutReader,
  entry: IndexEntry,
  options: OperationOptions = {},
): Promise<{ readonly manifest: Manifest; readonly size: number } | undefined> {
  if (!mayBeManifest(entry)) return undefined;
  const { digest, mediaType } = descriptorOfEntry(entry);
  try {
    const bytes = await readManifest(layout, digest, options);
    return { manifest: parseManifest({ bytes, mediaType }), size: bytes.byteLength };
  } catch (error) {
    if (isImageError(error, "not-found")) return undefined;
    throw error;
  }
}

/** False for an entry of another type; one without a type is what its content says. */
export function mayBeManifest({ mediaType }: IndexEntry): boolean {
  if (mediaType === undefined || mediaType === null || mediaType === "") return true;
  return typeof mediaType === "string" && isManifestMediaType(mediaType);
}
