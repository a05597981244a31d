import type { Descriptor } from "../blob-info.ts";
import { ImageError } from "../image-error.ts";
import type { RawManifest } from "../raw-manifest.ts";
import type { JSONObject } from "./json-object.ts";
import { layerTypeFor } from "./layer-media-types.ts";
import { typedManifest } from "./manifest-type.ts";
import { isArtifact, parseManifest } from "./manifest.ts";
import type { ImageIndex, ImageManifest, Manifest } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";
import type { ManifestMediaType } from "./media-types.ts";

/** What shall be other than it is; an edit that changes nothing is none. */
export interface ManifestUpdateOptions {
  /** The type to convert to. */
  readonly manifestMIMEType?: string | undefined;
  /** For an image: its layers by digest, size and type, as many as it has. */
  readonly layerInfos?: readonly Descriptor[] | undefined;
  /** For an index: its instances by digest, size and type, as many as it has; undefined leaves one out. */
  readonly instances?: readonly (Descriptor | undefined)[] | undefined;
}

/** Facts that an edit may need and that the manifest does not have; apart from what shall change. */
export interface ManifestUpdateInformation {
  /** The digests of the layers unpacked, the root first. */
  readonly layerDiffIDs?: readonly string[] | undefined;
}

/**
 * The manifest with the edits made, or the very same bytes where nothing is other than it was. Fields that are not
 * edited stay, known or not, as long as the type stays; a conversion keeps what the other type can say.
 * @throws ImageError `impossible-copy` for a conversion that would lose what matters
 */
export function editManifest(raw: RawManifest, edits: ManifestUpdateOptions): RawManifest {
  const manifest = parseManifest(raw);
  const target = edits.manifestMIMEType ?? manifest.mediaType;
  const { value } = typedManifest(raw);
  const edited =
    manifest.kind === "image"
      ? editedImage(manifest, value, edits.layerInfos)
      : editedIndex(manifest, value, edits.instances);
  const result =
    target === manifest.mediaType ? edited : converted(withLayers(manifest, edits), edited, target);
  if (result === value) return { bytes: raw.bytes, mediaType: manifest.mediaType };
  return { bytes: Buffer.from(JSON.stringify(result)), mediaType: target };
}

/** Why a manifest cannot become one of that type, or undefined. */
export function conversionProblem(manifest: Manifest, target: string): string | undefined {
  if (manifest.mediaType === target) return undefined;
  if (
    !(target in counterparts) ||
    counterparts[target as ManifestMediaType] !== manifest.mediaType
  ) {
    return `${manifest.mediaType} cannot become ${target}`;
  }
  if (manifest.kind === "index") return indexProblem(manifest, target);
  if (isArtifact(manifest)) return "it is an artifact, not an image";
  const family = familyOf(target);
  const layer = manifest.layers.find(
    ({ mediaType }) => layerTypeFor(family, mediaType) === undefined,
  );
  return layer && `${target} has no layers of type ${layer.mediaType}`;
}

/** Which type a type can be converted from and to. */
const counterparts: Readonly<Record<ManifestMediaType, ManifestMediaType>> = {
  [mediaTypes.ociManifest]: mediaTypes.dockerManifest,
  [mediaTypes.dockerManifest]: mediaTypes.ociManifest,
  [mediaTypes.ociIndex]: mediaTypes.dockerList,
  [mediaTypes.dockerList]: mediaTypes.ociIndex,
};

function indexProblem(index: ImageIndex, target: string): string | undefined {
  const needsPlatforms = target === mediaTypes.dockerList;
  const bare = needsPlatforms && index.manifests.some(({ platform }) => platform === undefined);
  return bare ? `${target} needs a platform for each instance` : undefined;
}

function editedImage(
  { layers }: ImageManifest,
  value: JSONObject,
  infos: readonly Descriptor[] | undefined,
): JSONObject {
  if (infos === undefined) return value;
  if (infos.length !== layers.length) {
    throw new ImageError(
      "impossible-copy",
      `An image of ${layers.length} layers cannot get ${infos.length}`,
    );
  }
  if (layers.every((layer, at) => isSame(layer, infos[at]))) return value;
  const entries = value["layers"] as readonly JSONObject[];
  return { ...value, layers: entries.map((entry, at) => withDescriptor(entry, infos[at])) };
}

function editedIndex(
  { manifests }: ImageIndex,
  value: JSONObject,
  instances: readonly (Descriptor | undefined)[] | undefined,
): JSONObject {
  if (instances === undefined) return value;
  if (manifests.every((manifest, at) => isSame(manifest, instances[at]))) return value;
  const entries = value["manifests"] as readonly JSONObject[];
  const kept = entries.flatMap((entry, at) => {
    const instance = instances[at];
    return instance === undefined ? [] : [withDescriptor(entry, instance)];
  });
  return { ...value, manifests: kept };
}

function withLayers(manifest: Manifest, { layerInfos }: ManifestUpdateOptions): Manifest {
  if (manifest.kind === "index" || layerInfos === undefined) return manifest;
  return { ...manifest, layers: layerInfos };
}

function isSame(a: Descriptor, b: Descriptor | undefined): boolean {
  return a.digest === b?.digest && a.size === b.size && a.mediaType === b.mediaType;
}

/** An inlined copy of the content (`data`) would be the old one's. */
function withDescriptor(entry: JSONObject, info: Descriptor | undefined): JSONObject {
  if (info === undefined) return entry;
  const { data, ...rest } = entry;
  const kept = data !== undefined && entry["digest"] === info.digest ? entry : rest;
  return { ...kept, mediaType: info.mediaType, digest: info.digest, size: info.size };
}

function converted(manifest: Manifest, value: JSONObject, target: string): JSONObject {
  const problem = conversionProblem(manifest, target);
  if (problem !== undefined) {
    throw new ImageError("impossible-copy", `The manifest cannot be converted: ${problem}`);
  }
  if (manifest.kind === "index") {
    return { schemaVersion: 2, mediaType: target, manifests: value["manifests"] };
  }
  const family = familyOf(target);
  const config = value["config"] as JSONObject;
  const layers = value["layers"] as readonly JSONObject[];
  const configType = family === "oci" ? mediaTypes.ociConfig : mediaTypes.dockerConfig;
  return {
    schemaVersion: 2,
    mediaType: target,
    config: convertedEntry(config, family, configType),
    layers: layers.map((layer) =>
      convertedEntry(layer, family, layerTypeFor(family, String(layer["mediaType"]))),
    ),
  };
}

/**
 * In the order in which containers/image writes it, so that whoever converts an image gets the same digest. Docker's
 * formats have no annotations, and none come from there.
 */
function convertedEntry(
  entry: JSONObject,
  family: "oci" | "docker",
  mediaType: string | undefined,
): JSONObject {
  const { annotations: _, mediaType: __, digest, size, ...others } = entry;
  const inOrder = family === "docker" ? { size, digest } : { digest, size };
  return { mediaType, ...inOrder, ...others };
}

function familyOf(mediaType: string): "oci" | "docker" {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.ociIndex
    ? "oci"
    : "docker";
}
