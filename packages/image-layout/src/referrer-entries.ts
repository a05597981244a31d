import { isDigest, isImageError } from "@drayage/core";
import type { Descriptor, Digest, Manifest, OperationOptions } from "@drayage/core";
import { isManifestMediaType, parseManifest } from "@drayage/core/manifest";
import { referrersTagOf } from "@drayage/core/reference";

import { readManifest } from "./image-tree.ts";
import { descriptorOfEntry, nameOfEntry } from "./layout-index.ts";
import type { IndexEntry, LayoutIndex } from "./layout-index.ts";
import type { LayoutReader } from "./layout-store.ts";

/** Manifests with a `subject`, keyed by the digest of the subject. */
export type ReferrersBySubject = ReadonlyMap<Digest, readonly Descriptor[]>;

/** The referrers that are entries of `index.json`, as oras and others write them. */
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

/** The referrers in the index under the referrers tag of the subject, as regclient writes them. */
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

/** The subject of an entry that is a referrer; undefined for an image. A named entry is a referrer only by its tag. */
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

/** The manifest of an entry, and its size in bytes; undefined if it is absent. */
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

/** False for an entry of another type. True for an entry without a type, whose content must be read. */
export function mayBeManifest({ mediaType }: IndexEntry): boolean {
  if (mediaType === undefined || mediaType === null || mediaType === "") return true;
  return typeof mediaType === "string" && isManifestMediaType(mediaType);
}
