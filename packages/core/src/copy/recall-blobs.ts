import type { BlobInfoCache, PackedForm } from "../blob-info-cache/blob-info-cache.ts";
import { locationBeside, placeOf } from "../blob-info-cache/blob-place.ts";
import type { BlobLocation } from "../blob-info.ts";
import type { Digest } from "../digest.ts";
import type { ImageDestination } from "../image-destination.ts";
import type { OperationOptions } from "../operation-options.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";

/** What a cache knows of a blob, for one destination; the newest first. */
export interface RememberedBlob {
  /** Blobs that unpack to it. */
  readonly packed: readonly PackedForm[];
  /** Whether it was seen where it is to go. */
  readonly wasHere: boolean;
  /** Where else the destination may take it from. */
  readonly elsewhere: readonly BlobLocation[];
}

/** Asks the cache, where there is one, of all blobs that these manifests name, and of what they are when packed. */
export async function recallBlobs(
  manifests: readonly ManifestFacts[],
  destination: ImageDestination,
  { cache, ...options }: CopyOptions,
): Promise<ReadonlyMap<Digest, RememberedBlob> | undefined> {
  if (cache === undefined) return undefined;
  const blobs = await recall(cache, manifests.flatMap(blobsOf), destination, options);
  const packed = [...blobs.values()].flatMap((blob) => blob.packed.map(({ digest }) => digest));
  const forms = await recall(cache, packed, destination, options);
  return new Map([...forms, ...blobs]);
}

function blobsOf({ manifest, instances }: ManifestFacts): readonly Digest[] {
  if (manifest.kind === "image")
    return [...manifest.layers, manifest.config].map(({ digest }) => digest);
  return instances.flatMap((instance) => (instance === undefined ? [] : blobsOf(instance)));
}

async function recall(
  cache: BlobInfoCache,
  digests: readonly Digest[],
  destination: ImageDestination,
  options: OperationOptions,
): Promise<ReadonlyMap<Digest, RememberedBlob>> {
  const [first] = digests;
  if (first === undefined) return new Map();
  const scope = placeOf(destination.locateBlob?.({ digest: first }))?.scope;
  const recalled = await cache.recall(digests, scope, options);
  return new Map(
    Array.from(recalled, ([digest, { packed, locations }]) => {
      const here = destination.locateBlob?.({ digest });
      const own = placeOf(here)?.location;
      const elsewhere = locations
        .filter((location) => location !== own)
        .flatMap((location) => locationBeside(here, location) ?? []);
      const wasHere = own !== undefined && locations.includes(own);
      return [digest, { packed, wasHere, elsewhere }] as const;
    }),
  );
}
