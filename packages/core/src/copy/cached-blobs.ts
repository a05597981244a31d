import type { BlobInfoCache } from "../contract/blob-info-cache.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { blobsOf } from "../manifest/manifest.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { isInScope, scopeOf } from "./blob-scope.ts";
import type { CachedBlob, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import { newDigestAlgorithm } from "./digest-algorithm.ts";
import { wantedLayers } from "./wanted-layers.ts";

/**
 * Looks up the blobs of manifests and their compressed forms in the cache. Returns undefined without a cache, or if the
 * copy cannot use cached facts.
 */
export async function findCachedBlobs(
  manifests: readonly ManifestFacts[],
  source: ImageSource,
  destination: ImageDestination,
  { cache, ...options }: CopyOptions,
): Promise<ReadonlyMap<Digest, CachedBlob> | undefined> {
  const compresses = wantedLayers(source.offers, destination.accepts) === "compress";
  const isUseful = compresses || destination.locateBlob !== undefined;
  if (cache === undefined || !isUseful) return undefined;
  const digests = [...new Set(manifests.flatMap(digestsIn))];
  const found = await lookUp(cache, digests, { source, destination }, options);
  const blobs = new Map(
    Array.from(found, ([digest, blob]) => {
      const algorithm = newDigestAlgorithm(digest, destination, options);
      const compressed = blob.compressed.filter((form) => algorithmOf(form.digest) === algorithm);
      return [digest, { ...blob, compressed }];
    }),
  );
  const compressed = [...blobs.values()].flatMap((blob) =>
    blob.compressed.map(({ digest }) => digest),
  );
  const forms = await lookUp(cache, compressed, { destination }, options);
  return new Map([...forms, ...blobs]);
}

function digestsIn({ manifest, instances, blobs = [] }: ManifestFacts): readonly Digest[] {
  const ownBlobs = manifest.kind === "index" ? blobs : blobsOf(manifest);
  const instanceDigests = instances.flatMap((instance) =>
    instance === undefined ? [] : digestsIn(instance),
  );
  return [...ownBlobs.map(({ digest }) => digest), ...instanceDigests];
}

async function lookUp(
  cache: BlobInfoCache,
  digests: readonly Digest[],
  { source, destination }: { source?: ImageSource; destination: ImageDestination },
  options: OperationOptions,
): Promise<ReadonlyMap<Digest, CachedBlob>> {
  const [first] = digests;
  if (first === undefined) return new Map();
  const scope = scopeOf(destination.locateBlob?.({ digest: first }));
  const cached = await cache.lookUp(digests, scope, options);
  return new Map(
    Array.from(cached, ([digest, { compressed, paths }]): [Digest, CachedBlob] => {
      if (scope === undefined)
        return [digest, { compressed, isAtDestination: false, otherLocations: [] }];
      const destinationPath = destination.locateBlob?.({ digest })?.path;
      const isSourceInScope = isInScope(source?.locateBlob?.({ digest }), scope);
      const otherPaths = isSourceInScope ? [] : paths.filter((path) => path !== destinationPath);
      const otherLocations = otherPaths.map((path) => ({ ...scope, path }));
      const isAtDestination = destinationPath !== undefined && paths.includes(destinationPath);
      return [digest, { compressed, isAtDestination, otherLocations }];
    }),
  );
}
