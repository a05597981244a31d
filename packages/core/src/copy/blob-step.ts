import type { Descriptor } from "../contract/blob-info.ts";
import { layerCompressionOf, withLayerCompression } from "../manifest/layer-media-types.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import { familyOf } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import {
  compressionChange,
  describeRecompression,
  preserve,
  resultingCompression,
} from "./blob-transform.ts";
import type { BlobTransform, CompressionChange } from "./blob-transform.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { CachedBlob } from "./copy-facts.ts";
import type { BlobStep, ReuseCandidate } from "./copy-plan.ts";
import { changesEncryption, typeAfterDecryption, typeAfterEncryption } from "./layer-encryption.ts";

/** The descriptor of a layer with its media type after the transform, as far as the type is known. */
export function withTransformedType(layer: Descriptor, transform: BlobTransform): Descriptor {
  const plainType = typeAfterDecryption(layer.mediaType, transform);
  const compression = resultingCompression(transform);
  const compressedType = compression && withLayerCompression(plainType, compression);
  return { ...layer, mediaType: typeAfterEncryption(compressedType ?? plainType, transform) };
}

/** Plans a blob. Only layers are transformed. */
export function blobStep(
  blob: Descriptor,
  layerTransform: BlobTransform,
  cached: CopyFacts["cachedBlobs"],
): BlobStep {
  if (changesEncryption(layerTransform)) return encryptionStep(blob, layerTransform);
  const compression = layerCompressionOf(blob.mediaType);
  const transform = compression === undefined ? preserve : layerTransform;
  const change = compressionChange(transform);
  const forms = compressedForms(blob, change, cached);
  const changes = forms.length > 0 || changesCompression(change, blob);
  const isCompressed = forms.length === 0 && compression !== "none";
  const keepsReused = change?.kind === "recompress" && change.keepsReused === true && isCompressed;
  return {
    kind: "blob",
    blob,
    isConfig: false,
    transform,
    digest: changes ? undefined : blob.digest,
    candidates: changes
      ? [...forms, ...(keepsReused ? [keptBlob(blob)] : [])]
      : withLocations({ blob, compression: undefined }, cached),
    reason: changes ? reasonFor(change, forms, keepsReused) : "the image needs it",
  };
}

/** A blob that keeps its compression if the destination has it. A clone or mount of the source's blob would never be recompressed. */
function keptBlob(blob: Descriptor): ReuseCandidate {
  return { blob, compression: undefined, onlyIfPresent: true };
}

/** Plans a layer that is decrypted or encrypted. It is never reused, so that nothing links its two forms. */
function encryptionStep(blob: Descriptor, transform: BlobTransform): BlobStep {
  const encrypts = transform.kind === "layer" && transform.encrypt === true;
  return {
    kind: "blob",
    blob,
    isConfig: false,
    transform,
    digest: undefined,
    candidates: [],
    reason: `the layer is to be ${encrypts ? "encrypted" : "decrypted"}`,
  };
}

/** Plans the config of an image that is written with a manifest of this media type. */
export function configStep(
  { config, mediaType }: ImageManifest,
  target: string,
  cached: CopyFacts["cachedBlobs"],
): BlobStep {
  const step = { ...blobStep(config, preserve, cached), isConfig: true };
  if (target === mediaType || familyOf(target) === "docker") return step;
  return {
    ...step,
    transform: { kind: "oci-config" },
    digest: undefined,
    candidates: [],
    reason: "OCI has its own config format",
  };
}

/**
 * Identifies a step. A blob may need two: a config unchanged and converted, a layer that one image encrypts and another one
 * does not. A layer has one more for each variant.
 */
export function blobKey({
  blob,
  transform,
  variant,
}: Pick<BlobStep, "blob" | "transform" | "variant">): string {
  if (variant !== undefined) return variantKey(blob.digest, variant);
  if (transform.kind === "oci-config") return `${blob.digest} ${transform.kind}`;
  return layerKey(blob.digest, transform.kind === "layer" && transform.encrypt === true);
}

/** The `blobKey` of a layer. */
export function layerKey(digest: Digest, isEncrypted: boolean): string {
  return isEncrypted ? `${digest} encrypted` : digest;
}

/** Identifies what a compression variant is made of: a layer or an instance. */
export function variantKey(digest: Digest, variant: string): string {
  return `${digest} ${variant}`;
}

/** Whether the compression of a layer changes, according to its descriptor. */
function changesCompression(
  change: CompressionChange | undefined,
  { mediaType, annotations }: Descriptor,
): boolean {
  const compression = layerCompressionOf(mediaType);
  switch (change?.kind) {
    case undefined:
      return false;
    case "compress":
      return compression === "none";
    case "decompress":
      return compression !== "none";
    case "recompress":
      if (change.compressor !== undefined)
        return annotations?.[change.compressor.annotation] === undefined;
      return compression !== change.format;
  }
}

/** The cached compressed forms of a blob. A blob that has some is uncompressed, whatever its media type. */
function compressedForms(
  blob: Descriptor,
  change: CompressionChange | undefined,
  cached: CopyFacts["cachedBlobs"],
): readonly ReuseCandidate[] {
  if (change === undefined || change.kind === "decompress") return [];
  const name = change.kind === "recompress" ? change.compressor?.name : undefined;
  const forms = cached?.get(blob.digest)?.compressed ?? [];
  return forms
    .filter(({ compression }) => compression === change.format)
    .filter(({ compressor }) => name === undefined || compressor?.name === name)
    .flatMap(({ digest, size, compression, compressor }) => {
      const mediaType = withLayerCompression(blob.mediaType, compression) ?? blob.mediaType;
      const form = { ...blob, digest, size, mediaType };
      const candidate = { blob: form, compression, ...(compressor && { compressor }) };
      return withLocations(candidate, cached);
    });
}

/** Adds known locations to a candidate. The destination's own location comes first, because it needs no mount or copy. */
function withLocations(
  candidate: ReuseCandidate,
  cached: CopyFacts["cachedBlobs"],
): readonly ReuseCandidate[] {
  const { isAtDestination, otherLocations }: Partial<CachedBlob> =
    cached?.get(candidate.blob.digest) ?? {};
  const [otherLocation] = otherLocations ?? [];
  if (otherLocation === undefined) return [candidate];
  const withLocation = { ...candidate, location: otherLocation };
  return isAtDestination ? [candidate, withLocation] : [withLocation];
}

function reasonFor(
  change: CompressionChange | undefined,
  forms: readonly ReuseCandidate[],
  keepsReused: boolean,
): string {
  const request = change && requestIn(change);
  const [form] = forms;
  if (form !== undefined) return `${request}; reuses ${form.blob.digest} if it exists`;
  return `${request}${keepsReused ? ", unless the destination has this one" : ""}`;
}

function requestIn(change: CompressionChange): string {
  switch (change.kind) {
    case "compress":
      return "the destination wants layers compressed";
    case "decompress":
      return "layers are to be decompressed";
    case "recompress":
      return `layers are to be compressed with ${describeRecompression(change)}`;
  }
}
