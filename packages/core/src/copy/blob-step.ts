import type { Descriptor } from "../contract/blob-info.ts";
import { layerCompressionOf, withLayerCompression } from "../manifest/layer-media-types.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import { familyOf } from "../manifest/media-types.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { CachedBlob } from "./copy-facts.ts";
import type { BlobStep, BlobTransform, ReuseCandidate } from "./copy-plan.ts";

/** What its type will be: it may fit where it did not before. */
export function withTransformedType(layer: Descriptor, transform: BlobTransform): Descriptor {
  if (transform !== "decompress" && transform !== "gzip" && transform !== "zstd") return layer;
  const compression = transform === "decompress" ? "none" : transform;
  return {
    ...layer,
    mediaType: withLayerCompression(layer.mediaType, compression) ?? layer.mediaType,
  };
}

/** What is done with a blob of which the destination wants this, if it is a layer. */
export function blobStep(
  blob: Descriptor,
  wanted: BlobTransform,
  cached: CopyFacts["cachedBlobs"],
): BlobStep {
  const packed = layerCompressionOf(blob.mediaType);
  const transform = packed === undefined ? "preserve" : wanted;
  const forms = compressedForms(blob, transform, cached);
  const changes = forms.length > 0 || changesCompression(transform, packed);
  return {
    kind: "blob",
    blob,
    isConfig: false,
    transform,
    digest: changes ? undefined : blob.digest,
    // What is to be repacked is of no use as it is.
    candidates: changes ? forms : withLocations({ blob, compression: undefined }, cached),
    reason: changes ? reasonFor(transform, forms) : "the image needs it",
  };
}

/** What is done with the config of an image that will have a manifest of that type. */
export function configStep(
  { config, mediaType }: ImageManifest,
  target: string,
  cached: CopyFacts["cachedBlobs"],
): BlobStep {
  const step = { ...blobStep(config, "preserve", cached), isConfig: true };
  if (target === mediaType || familyOf(target) === "docker") return step;
  return {
    ...step,
    transform: "oci-config",
    digest: undefined,
    candidates: [],
    reason: "OCI has its own form of it",
  };
}

/** What is the same for steps of which one is enough: a config may be needed as it is and rewritten. */
export function blobKey({ blob, transform }: Pick<BlobStep, "blob" | "transform">): string {
  return transform === "oci-config" ? `${blob.digest} ${transform}` : blob.digest;
}

/** As far as what the layer is called tells. */
function changesCompression(
  transform: BlobTransform,
  packed: LayerCompression | undefined,
): boolean {
  switch (transform) {
    case "preserve":
    case "oci-config":
      return false;
    case "compress":
      return packed === "none";
    case "decompress":
      return packed !== "none";
    case "gzip":
    case "zstd":
      return packed !== transform;
  }
}

/** Whatever the manifest calls the layer, what is known to have been packed is not packed. */
function compressedForms(
  blob: Descriptor,
  transform: BlobTransform,
  cached: CopyFacts["cachedBlobs"],
): readonly ReuseCandidate[] {
  const wanted = transform === "compress" ? "gzip" : transform;
  const forms = cached?.get(blob.digest)?.compressed ?? [];
  return forms
    .filter(({ compression }) => compression === wanted)
    .flatMap(({ digest, size, compression }) => {
      const mediaType = withLayerCompression(blob.mediaType, compression) ?? blob.mediaType;
      const form = { ...blob, digest, size, mediaType };
      return withLocations({ blob: form, compression }, cached);
    });
}

/** Where it was seen already it is asked for first: somewhere else it has to be made ours. */
function withLocations(
  candidate: ReuseCandidate,
  cached: CopyFacts["cachedBlobs"],
): readonly ReuseCandidate[] {
  const { isAtDestination, otherLocations }: Partial<CachedBlob> =
    cached?.get(candidate.blob.digest) ?? {};
  const [nearby] = otherLocations ?? [];
  if (nearby === undefined) return [candidate];
  const taken = { ...candidate, location: nearby };
  return isAtDestination ? [candidate, taken] : [taken];
}

function reasonFor(transform: BlobTransform, forms: readonly ReuseCandidate[]): string {
  const isFormat = transform === "gzip" || transform === "zstd";
  const wish = isFormat
    ? `layers are to be packed with ${transform}`
    : `the destination wants layers ${transform}ed`;
  const [form] = forms;
  return form === undefined ? wish : `${wish}; unless it has ${form.blob.digest}, which is that`;
}
