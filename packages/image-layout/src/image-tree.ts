import { isImageError } from "@drayage/core";
import type { Descriptor, Digest, Manifest, OperationOptions } from "@drayage/core";
import { readAll, maxManifestSize, verified } from "@drayage/core/content";
import {
  bareMediaType,
  blobsOf,
  instancesOf,
  isManifestMediaType,
  parseManifest,
} from "@drayage/core/manifest";
import type { NamedBlob } from "@drayage/core/manifest";

import type { LayoutReader } from "./layout-store.ts";
import { storedSizeOf } from "./stored-size.ts";

/** A digest with the media type of its descriptor. Without a type, the content decides between manifest and index. */
export interface TypedDigest {
  readonly digest: Digest;
  readonly mediaType?: string | undefined;
}

/** Reads a manifest and verifies its digest. @throws ImageError `not-found`, `digest-mismatch`, `invalid-manifest` */
export async function readManifest(
  layout: LayoutReader,
  digest: Digest,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  return readAll(verified(layout.getBlob(digest, options), { digest }), maxManifestSize);
}

/**
 * The digests of these blobs and of everything they reference. Skips absent manifests: an index may reference images
 * that were not copied. @throws ImageError if a manifest is present and cannot be read
 */
export async function digestsUnder(
  layout: LayoutReader,
  roots: readonly TypedDigest[],
  options: OperationOptions = {},
): Promise<ReadonlySet<Digest>> {
  const found = new Set<Digest>(roots.map(({ digest }) => digest));
  const read = new Set<Digest>();
  const queue = roots.filter(mayBeManifest);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    // Not `found`: a digest that is listed as a layer may also be a manifest.
    if (read.has(next.digest)) continue;
    read.add(next.digest);
    const manifest = await findManifest(layout, next, options);
    if (manifest === undefined) continue;
    const instances = instancesOf(manifest);
    for (const { digest } of [...instances, ...blobsOf(manifest)]) found.add(digest);
    queue.push(...instances);
  }
  return found;
}

/**
 * Whether a manifest and everything it references are present: blobs with the right size and, if another user could have
 * written them, the right digest.
 */
export async function isComplete(
  layout: LayoutReader,
  { digest, mediaType }: TypedDigest,
  options: OperationOptions = {},
): Promise<boolean> {
  const seen = new Set<Digest>();
  const queue = [{ digest, mediaType }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    const bytes = await readIntact(layout, next.digest, options);
    if (bytes === undefined) return false;
    const manifest = manifestIn(bytes, next.mediaType);
    for (const blob of blobsOf(manifest))
      if (!(await isPresent(layout, blob, options))) return false;
    queue.push(...instancesOf(manifest));
  }
  return true;
}

/** Undefined for a manifest that is absent or damaged. */
async function readIntact(
  layout: LayoutReader,
  digest: Digest,
  options: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await readManifest(layout, digest, options);
  } catch (error) {
    if (isImageError(error, "not-found") || isImageError(error, "digest-mismatch"))
      return undefined;
    throw error;
  }
}

/**
 * Whether a manifest references content with a wrong digest that another user could have written. Ignores absent
 * content.
 */
export async function hasTamperedContent(
  layout: LayoutReader,
  { digest, mediaType }: Pick<Descriptor, "digest"> & { readonly mediaType?: string },
  options: OperationOptions = {},
): Promise<boolean> {
  if (layout.isIntact === undefined) return false;
  const seen = new Set<Digest>();
  const queue = [{ digest, mediaType }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    try {
      const bytes = await readManifest(layout, next.digest, options);
      const manifest = manifestIn(bytes, next.mediaType);
      for (const blob of blobsOf(manifest))
        if (await isTampered(layout, blob, options)) return true;
      queue.push(...instancesOf(manifest));
    } catch (error) {
      if (isImageError(error, "not-found")) continue;
      if (isImageError(error, "digest-mismatch") || isImageError(error, "unsupported")) return true;
      throw error;
    }
  }
  return false;
}

async function isTampered(
  layout: LayoutReader,
  { digest, size: expected }: NamedBlob,
  options: OperationOptions,
): Promise<boolean> {
  const size = await storedSizeOf(layout, digest, options);
  if (size === undefined || size !== (expected ?? size)) return false;
  const isIntact = await layout.isIntact?.({ digest, size }, { ...options, trustOwnFiles: true });
  return isIntact === false;
}

/** True also for an absent layer with URLs, which may be stored externally. */
async function isPresent(
  layout: LayoutReader,
  { digest, size: expected, urls }: NamedBlob,
  options: OperationOptions,
): Promise<boolean> {
  const size = await storedSizeOf(layout, digest, options);
  if (size === undefined || size !== (expected ?? size)) return urls !== undefined;
  const isIntact = await layout.isIntact?.({ digest, size }, { ...options, trustOwnFiles: true });
  return isIntact ?? true;
}

function mayBeManifest({ mediaType }: TypedDigest): boolean {
  return mediaType === undefined || isManifestMediaType(bareMediaType(mediaType));
}

/** Undefined if it is absent, or if neither its type nor its content is that of a manifest. */
async function findManifest(
  layout: LayoutReader,
  target: TypedDigest,
  options: OperationOptions,
): Promise<Manifest | undefined> {
  if ((await storedSizeOf(layout, target.digest, options)) === undefined) return undefined;
  try {
    return manifestIn(await readManifest(layout, target.digest, options), target.mediaType);
  } catch (error) {
    if (!mayBeManifest(target) && isImageError(error, "invalid-manifest")) return undefined;
    throw error;
  }
}

/** Parses by content first, like a copy does: the media type in an index may be wrong. */
function manifestIn(bytes: Uint8Array, mediaType: string | undefined): Manifest {
  try {
    return parseManifest({ bytes });
  } catch (error) {
    if (isImageError(error, "invalid-manifest")) return parseManifest({ bytes, mediaType });
    throw error;
  }
}
