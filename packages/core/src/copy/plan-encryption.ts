import type { Descriptor } from "../contract/blob-info.ts";
import { encryptedLayerType, isEncryptedLayerType } from "../manifest/layer-media-types.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import { compressionChange } from "./blob-transform.ts";
import type { BlobTransform, CompressionChange } from "./blob-transform.ts";
import type { PlanOptions } from "./copy-options.ts";
import { impossibleChange } from "./impossible-copies.ts";
import { forcedFormat } from "./requested-compression.ts";

/** Requires OCI manifests for encrypted layers, which Docker's formats do not have. @throws ImageError `impossible-copy` */
export function withOCIForEncryption(options: PlanOptions): PlanOptions {
  const { encryption, decryption, manifestMIMEType = mediaTypes.ociManifest } = options;
  const { ensureCompressionVariantsExist: variants = [] } = options;
  if (variants.length > 0 && (encryption !== undefined || decryption !== undefined))
    throw new ImageError(
      "impossible-copy",
      "One copy cannot add compression variants (--add-compression) and encrypt or decrypt layers; add the variants in a copy of the plain image",
    );
  if (encryption === undefined) return options;
  if (decryption !== undefined)
    throw new ImageError(
      "impossible-copy",
      "One copy cannot decrypt and encrypt; decrypt to a local image first, then encrypt that",
    );
  if (manifestMIMEType !== mediaTypes.ociManifest)
    throw new ImageError(
      "impossible-copy",
      `Encrypted layers need ${mediaTypes.ociManifest}, but ${manifestMIMEType} was requested; request the OCI format (--format oci)`,
    );
  return { ...options, manifestMIMEType };
}

/** The transform of each layer of an image. */
export interface LayerTransforms {
  readonly transforms: readonly BlobTransform[];
  /** The positions of the layers that are encrypted. */
  readonly encryptedLayers: readonly number[];
  /** Why the manifest changes; undefined if no layer is decrypted or encrypted. */
  readonly reason: string | undefined;
}

/**
 * Adds decryption and encryption to the transform of layers: decrypt, then compress, then encrypt. Layers that are
 * encrypted already stay as they are when others are encrypted. `isExternal` is whether a layer is not copied.
 * @throws ImageError `impossible-copy`
 */
export function withEncryption(
  manifest: ImageManifest,
  transform: BlobTransform,
  options: PlanOptions,
  isExternal: (layer: Descriptor) => boolean,
): LayerTransforms {
  const { layers } = manifest;
  const selected = layersToEncrypt(manifest, options, isExternal);
  const compression = compressionChange(transform);
  const plainCompression = withoutCompressor(compression, selected, options);
  const transforms = layers.map((layer, at): BlobTransform => {
    if (selected.has(at))
      return {
        kind: "layer",
        ...(plainCompression && { compression: plainCompression }),
        encrypt: true,
      };
    const isDecrypted = options.decryption !== undefined && isEncryptedLayerType(layer.mediaType);
    return isDecrypted && !isExternal(layer)
      ? { kind: "layer", decrypt: true, ...(compression && { compression }) }
      : transform;
  });
  const decrypts = transforms.some((each) => each.kind === "layer" && each.decrypt);
  const change = decrypts ? "a layer is decrypted" : "a layer is encrypted";
  return {
    transforms,
    encryptedLayers: [...selected],
    reason: decrypts || selected.size > 0 ? change : undefined,
  };
}

/**
 * The compression before encryption. A compressor adds a table of contents, which is useless in an encrypted layer and
 * which its annotations would publish, so only its base format is used.
 * @throws ImageError `impossible-copy` if the compressor is forced
 */
function withoutCompressor(
  compression: CompressionChange | undefined,
  selected: ReadonlySet<number>,
  options: PlanOptions,
): CompressionChange | undefined {
  if (compression?.kind !== "recompress" || selected.size === 0) return compression;
  const { compressor, ...rest } = compression;
  if (compressor === undefined || forcedFormat(options) === undefined) return rest;
  throw new ImageError(
    "impossible-copy",
    `Encrypted layers cannot be compressed with ${compressor.name}; compress them with ${rest.format}, or do not force the compression`,
  );
}

/** Rejects encryption and decryption of a manifest that must not change. @throws ImageError `impossible-copy` */
export function rejectPreservedEncryption(
  { reason }: LayerTransforms,
  preserveReason: string | undefined,
): void {
  if (reason !== undefined && preserveReason !== undefined)
    throw impossibleChange(reason, preserveReason);
}

/** The layers of schema 1 have neither sizes nor annotations. @throws ImageError `impossible-copy` */
export function rejectSchema1Encryption({ encryption }: PlanOptions): void {
  if (encryption === undefined) return;
  throw new ImageError(
    "impossible-copy",
    "The layers of a schema 1 image cannot be encrypted; copy it to OCI first (--format oci), then encrypt that",
  );
}

/** The positions of the layers to encrypt, in order. */
function layersToEncrypt(
  { layers }: ImageManifest,
  { encryption }: PlanOptions,
  isExternal: (layer: Descriptor) => boolean,
): ReadonlySet<number> {
  if (encryption === undefined) return new Set();
  const { layers: requested = "all" } = encryption;
  if (requested.length === 0)
    throw new ImageError(
      "impossible-copy",
      "No layer to encrypt was selected; select at least one, or omit the selection to encrypt all",
    );
  const positions =
    requested === "all"
      ? layers.flatMap((layer, at) => (isExternal(layer) ? [] : [at]))
      : requested.map((index) => positionOf(index, layers));
  const isPlain = (at: number): boolean => !isEncryptedLayerType(layers[at]?.mediaType ?? "");
  const plain = positions.toSorted((a, b) => a - b).filter(isPlain);
  for (const at of plain) requireEncryptable(layers[at], isExternal);
  return new Set(plain);
}

/** The position for an index that counts from the end if it is negative. */
function positionOf(index: number, { length }: readonly Descriptor[]): number {
  const position = index < 0 ? length + index : index;
  if (Number.isInteger(index) && position >= 0 && position < length) return position;
  throw new ImageError(
    "impossible-copy",
    `There is no layer ${index} to encrypt in an image with ${length} layers; count from 0, or from -1 for the last one`,
  );
}

/** A layer that stays readable without a notice would be a surprise. */
function requireEncryptable(
  layer: Descriptor | undefined,
  isExternal: (layer: Descriptor) => boolean,
): void {
  if (layer === undefined) return;
  if (isExternal(layer))
    throw new ImageError(
      "impossible-copy",
      `The layer ${layer.digest} is external and not copied, so it cannot be encrypted; copy it too (downloadForeignLayers), or select other layers`,
    );
  if (encryptedLayerType(layer.mediaType) !== undefined) return;
  throw new ImageError(
    "impossible-copy",
    `${layer.digest} has the type ${layer.mediaType}, which has no encrypted form; select the layers to encrypt (--encrypt-layer), or the platforms to copy without attestations`,
  );
}
