import { isDeepStrictEqual } from "node:util";

import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Digest } from "../names/digest.ts";
import type { NamedReference } from "../names/docker-reference.ts";
import { ImageError } from "../names/image-error.ts";
import { convertedImage, convertedIndex } from "./converted-manifest.ts";
import { formatImage } from "./image-json.ts";
import { formatIndex } from "./index-json.ts";
import type { JSONObject } from "./json-object.ts";
import { isEncryptedLayerType, layerCompressionOf, layerTypeFor } from "./layer-media-types.ts";
import { parseTypedManifest } from "./manifest-type.ts";
import { isArtifact, parseManifest } from "./manifest.ts";
import type { ImageIndex, ImageManifest, Manifest } from "./manifest.ts";
import { familyOf, isSchema1MediaType, mediaTypes } from "./media-types.ts";
import { requireNewDescriptors } from "./new-descriptors.ts";

/** The changes to make to a manifest. */
export interface ManifestUpdateOptions {
  /** The media type to convert to. Default: unchanged. */
  readonly manifestMIMEType?: string | undefined;
  /**
   * The new layers of an image, one for each existing layer. `urls` and `annotations` replace the existing ones;
   * undefined keeps them. Docker's formats have no annotations.
   */
  readonly layerInfos?: readonly Descriptor[] | undefined;
  /**
   * The new instances of an index, one for each existing entry; undefined removes the entry. `annotations` replace the
   * existing ones.
   */
  readonly instances?: readonly (Descriptor | undefined)[] | undefined;
  /** The config of a converted image. Default: unchanged. */
  readonly config?: Pick<Descriptor, "digest" | "size"> | undefined;
  /** The repository and the tag that a manifest of schema 1 names. Other types name none. */
  readonly embeddedReference?: NamedReference | undefined;
}

/** Facts that an edit may need beyond the manifest. */
export interface ManifestUpdateInformation {
  /** Where the image will be written. A conversion to schema 1 writes an empty layer to it. */
  readonly destination?: ImageDestination | undefined;
  /** The written layers with their sizes, the base layer first. Required to convert schema 1. */
  readonly layerInfos?: readonly Descriptor[] | undefined;
  /** The digests of the uncompressed layers, the base layer first. Required to convert schema 1. */
  readonly layerDiffIDs?: readonly Digest[] | undefined;
}

/**
 * Applies edits to a manifest. Returns the same bytes if nothing changes. Unless the media type changes, all other fields
 * stay, including unknown ones. A conversion keeps the fields of the target type; `conversionLosses` lists the others.
 * @throws ImageError `impossible-copy` if the manifest cannot be converted
 */
export function editManifest(raw: RawManifest, edits: ManifestUpdateOptions): RawManifest {
  const manifest = parseManifest(raw);
  const target = edits.manifestMIMEType ?? manifest.mediaType;
  const { value } = parseTypedManifest(raw);
  const text = editedText(manifest, value, edits, target);
  if (text === undefined) return { bytes: raw.bytes, mediaType: manifest.mediaType };
  return { bytes: Buffer.from(text), mediaType: target };
}

/** Why a manifest cannot be converted to a media type; undefined if it can. */
export function conversionProblem(manifest: Manifest, target: string): string | undefined {
  if (manifest.mediaType === target) return undefined;
  if (!(targetsOf.get(manifest.mediaType) ?? []).includes(target))
    return `${manifest.mediaType} cannot become ${target}`;
  if (manifest.kind !== "image") return undefined;
  if (isArtifact(manifest)) return "it is an artifact, not an image (keep the type)";
  const family = familyOf(target);
  const layer = manifest.layers.find(
    ({ mediaType }) => layerTypeFor(family, mediaType) === undefined,
  );
  if (layer === undefined) return undefined;
  return `${target} has no layers of type ${layer.mediaType} (${adviceFor(layer.mediaType)})`;
}

/** What to do about a layer that the target type does not allow. */
function adviceFor(layerType: string): string {
  if (layerType === "application/vnd.in-toto+json")
    return "it is an attestation; select the platforms to copy, or keep the type";
  if (isEncryptedLayerType(layerType)) return "decrypt the layers, or keep the type";
  return layerCompressionOf(layerType) === undefined
    ? "keep the type"
    : "compress the layers with gzip, or keep the type";
}

const { ociManifest, dockerManifest, ociIndex, dockerList } = mediaTypes;
const { dockerSchema1, dockerSchema1Signed } = mediaTypes;

/** The targets of a conversion for each media type. Both types of schema 1 have the same content. */
const targetsOf: ReadonlyMap<string, readonly string[]> = new Map([
  [ociManifest, [dockerManifest, dockerSchema1Signed]],
  [dockerManifest, [ociManifest, dockerSchema1Signed]],
  [dockerSchema1, [dockerSchema1Signed, dockerManifest, ociManifest]],
  [dockerSchema1Signed, [dockerSchema1, dockerManifest, ociManifest]],
  [ociIndex, [dockerList]],
  [dockerList, [ociIndex]],
]);

/** Returns undefined if nothing changes. */
function editedText(
  manifest: Manifest,
  value: JSONObject,
  edits: ManifestUpdateOptions,
  target: string,
): string | undefined {
  switch (manifest.kind) {
    case "image":
      return imageText(manifest, value, edits, target);
    case "index":
      return indexText(manifest, value, edits, target);
    case "artifact":
    case "schema1":
      requireConvertible(manifest, target);
      return undefined;
  }
}

/** Returns undefined if nothing changes. */
function imageText(
  manifest: ImageManifest,
  value: JSONObject,
  edits: ManifestUpdateOptions,
  target: string,
): string | undefined {
  const edited = editedImage(manifest, value, edits.layerInfos);
  if (target === manifest.mediaType)
    return edited === value ? undefined : formatImage(edited, target);
  const layers = edits.layerInfos ?? manifest.layers;
  requireConvertible({ ...manifest, layers }, target);
  if (isSchema1MediaType(target))
    throw new TypeError("A schema 1 manifest is generated from the config; use updatedImage");
  return withGivenAnnotations(
    convertedImage(edited, target, edits.config),
    manifest,
    edits,
    target,
  );
}

/** Adds the given annotations to converted layers, because the source format had no field for them. */
function withGivenAnnotations(
  text: string,
  { layers }: ImageManifest,
  { layerInfos = [] }: ManifestUpdateOptions,
  target: string,
): string {
  const isNew = ({ annotations }: Descriptor, at: number): boolean =>
    annotations !== undefined && !isDeepStrictEqual(annotations, layers[at]?.annotations ?? {});
  if (familyOf(target) !== "oci" || !layerInfos.some(isNew)) return text;
  const raw = { bytes: Buffer.from(text), mediaType: target };
  const converted = (parseManifest(raw) as ImageManifest).layers;
  const infos = converted.map((layer, at) => {
    const { annotations } = layerInfos[at] ?? {};
    return annotations === undefined ? layer : { ...layer, annotations };
  });
  return Buffer.from(editManifest(raw, { layerInfos: infos }).bytes).toString();
}

/** Returns undefined if nothing changes. */
function indexText(
  manifest: ImageIndex,
  value: JSONObject,
  { instances }: ManifestUpdateOptions,
  target: string,
): string | undefined {
  const edited = editedIndex(manifest, value, instances);
  if (target === manifest.mediaType)
    return edited === value ? undefined : formatIndex(edited, target);
  requireConvertible(manifest, target);
  return convertedIndex(edited, target);
}

function editedImage(
  { layers, mediaType }: ImageManifest,
  value: JSONObject,
  infos: readonly Descriptor[] | undefined,
): JSONObject {
  if (infos === undefined) return value;
  requireNewDescriptors("layers", infos, layers.length);
  const newLayers = familyOf(mediaType) === "oci" ? infos : infos.map(withoutAnnotations);
  if (layers.every((layer, at) => isSame(layer, newLayers[at]))) return value;
  const entries = entriesOf(value, "layers");
  return { ...value, layers: entries.map((entry, at) => withDescriptor(entry, newLayers[at])) };
}

function withoutAnnotations(info: Descriptor): Descriptor {
  const { annotations: _, ...others } = info;
  return others;
}

/** The entries of an array. null is an empty array, because Go writes it so. */
function entriesOf(value: JSONObject, key: "layers" | "manifests"): readonly JSONObject[] {
  return (value[key] ?? []) as readonly JSONObject[];
}

function editedIndex(
  { manifests }: ImageIndex,
  value: JSONObject,
  instances: readonly (Descriptor | undefined)[] | undefined,
): JSONObject {
  if (instances === undefined) return value;
  requireNewDescriptors("manifests", instances, manifests.length);
  if (manifests.every((manifest, at) => isSame(manifest, instances[at]))) return value;
  const entries = entriesOf(value, "manifests");
  const kept = entries.flatMap((entry, at) => {
    const instance = instances[at];
    return instance === undefined ? [] : [withDescriptor(entry, instance)];
  });
  return { ...value, manifests: kept };
}

function isSame(a: Descriptor, b: Descriptor | undefined): boolean {
  return (
    a.digest === b?.digest &&
    a.size === b.size &&
    a.mediaType === b.mediaType &&
    (b.urls === undefined || isDeepStrictEqual(a.urls ?? [], b.urls)) &&
    (b.annotations === undefined || isDeepStrictEqual(a.annotations ?? {}, b.annotations))
  );
}

/** Replaces a descriptor. Removes an inlined copy of the content (`data`) if the digest changes. */
function withDescriptor(entry: JSONObject, info: Descriptor | undefined): JSONObject {
  if (info === undefined) return entry;
  const { mediaType, digest, size, urls, annotations } = info;
  const { data, ...rest } = entry;
  const kept = data !== undefined && entry["digest"] === digest ? entry : rest;
  const edited: Record<string, unknown> = { ...kept, mediaType, digest, size };
  if (urls !== undefined) edited["urls"] = urls.length === 0 ? undefined : urls;
  if (annotations !== undefined)
    edited["annotations"] = Object.keys(annotations).length === 0 ? undefined : annotations;
  return edited;
}

function requireConvertible(manifest: Manifest, target: string): void {
  const problem = conversionProblem(manifest, target);
  if (problem === undefined) return;
  throw new ImageError("impossible-copy", `The manifest cannot be converted: ${problem}`);
}
