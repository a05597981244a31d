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

import type { LayoutReader } from "./layout-store.ts";
import { storedSizeOf } from "./stored-size.ts";

/** Something in a layout; without a type its content shows whether it is a manifest of an image or an index. */
export interface TypedDigest {
  readonly digest: Digest;
  readonly mediaType?: string | undefined;
}

/** A manifest whose bytes are those of its digest. @throws ImageError `not-found`, `digest-mismatch`, `invalid-manifest` */
export async function readManifest(
  layout: LayoutReader,
  digest: Digest,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  return readAll(verified(layout.getBlob(digest, options), { digest }), maxManifestSize);
}

/**
 * The digests of these and of all that they lead to. A manifest that is not there leads nowhere: an index may name
 * images that were not copied. @throws ImageError where a manifest is there and cannot be read
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
    // Only what was read: a manifest may be a layer too, and an outsider may have called it one.
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
 * Whether a manifest and all that it names are there, blobs in their sizes, and intact where another user could write; each
 * manifest is looked at once.
 */
export async function isWhole(
  layout: LayoutReader,
  { digest, mediaType }: TypedDigest,
  options: OperationOptions = {},
): Promise<boolean> {
  const seen = new Set<Digest>();
  const queue = [{ digest, mediaType }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.digest)) continue;
    seen.add(next.digest);
    const bytes = await readWhole(layout, next.digest, options);
    if (bytes === undefined) return false;
    const manifest = manifestIn(bytes, next.mediaType);
    for (const blob of blobsOf(manifest))
      if (!(await isPresent(layout, blob, options))) return false;
    queue.push(...instancesOf(manifest));
  }
  return true;
}

/** undefined for a manifest that is missing or damaged. */
async function readWhole(
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
 * Whether something that a manifest leads to is there with other bytes than its digest says, as far as another user could
 * have put them there. What is not there at all is not looked for.
 */
export async function hasForged(
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
      for (const blob of blobsOf(manifest)) if (await isForged(layout, blob, options)) return true;
      queue.push(...instancesOf(manifest));
    } catch (error) {
      if (isImageError(error, "not-found")) continue;
      if (isImageError(error, "digest-mismatch") || isImageError(error, "unsupported")) return true;
      throw error;
    }
  }
  return false;
}

async function isForged(
  layout: LayoutReader,
  { digest, size }: Descriptor,
  options: OperationOptions,
): Promise<boolean> {
  if ((await storedSizeOf(layout, digest, options)) !== size) return false;
  const isIntact = await layout.isIntact?.({ digest, size }, { ...options, trustsOwn: true });
  return isIntact === false;
}

/** A layer with URLs may lie elsewhere. */
async function isPresent(
  layout: LayoutReader,
  { digest, size, urls }: Descriptor,
  options: OperationOptions,
): Promise<boolean> {
  if ((await storedSizeOf(layout, digest, options)) !== size) return urls !== undefined;
  const isIntact = await layout.isIntact?.({ digest, size }, { ...options, trustsOwn: true });
  return isIntact ?? true;
}

function mayBeManifest({ mediaType }: TypedDigest): boolean {
  return mediaType === undefined || isManifestMediaType(bareMediaType(mediaType));
}

/** undefined where it is not there, and for what has no type of a manifest and is none. */
async function findManifest(
  layout: LayoutReader,
  named: TypedDigest,
  options: OperationOptions,
): Promise<Manifest | undefined> {
  if ((await storedSizeOf(layout, named.digest, options)) === undefined) return undefined;
  try {
    return manifestIn(await readManifest(layout, named.digest, options), named.mediaType);
  } catch (error) {
    if (!mayBeManifest(named) && isImageError(error, "invalid-manifest")) return undefined;
    throw error;
  }
}

/** What its content says, as in a copy; an index may call it something else. */
function manifestIn(bytes: Uint8Array, mediaType: string | undefined): Manifest {
  try {
    return parseManifest({ bytes });
  } catch (error) {
    if (isImageError(error, "invalid-manifest")) return parseManifest({ bytes, mediaType });
    throw error;
  }
}
