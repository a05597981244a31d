/** The compression of a layer according to its media type. */
export type LayerCompression = "none" | "gzip" | "zstd";

type Family = "oci" | "docker";

interface LayerType {
  readonly family: Family;
  readonly distributable: boolean;
  readonly compression: LayerCompression;
}

/** All layer types of images. Some tools write Docker's zstd types, but no registry or engine accepts them. */
const layerTypes: ReadonlyMap<string, LayerType> = new Map(
  Object.entries({
    "application/vnd.oci.image.layer.v1.tar": oci(true, "none"),
    "application/vnd.oci.image.layer.v1.tar+gzip": oci(true, "gzip"),
    "application/vnd.oci.image.layer.v1.tar+zstd": oci(true, "zstd"),
    "application/vnd.oci.image.layer.nondistributable.v1.tar": oci(false, "none"),
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": oci(false, "gzip"),
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": oci(false, "zstd"),
    "application/vnd.docker.image.rootfs.diff.tar": docker(true, "none"),
    "application/vnd.docker.image.rootfs.diff.tar.gzip": docker(true, "gzip"),
    "application/vnd.docker.image.rootfs.diff.tar.zstd": docker(true, "zstd"),
    "application/vnd.docker.image.rootfs.foreign.diff.tar": docker(false, "none"),
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": docker(false, "gzip"),
    "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd": docker(false, "zstd"),
  }),
);

/** The compression of a layer type; undefined for other types, such as content of artifacts and encrypted layers. */
export function layerCompressionOf(mediaType: string): LayerCompression | undefined {
  return layerTypes.get(mediaType)?.compression;
}

/** The layer type with another compression; undefined if there is none. */
export function withLayerCompression(
  mediaType: string,
  compression: LayerCompression,
): string | undefined {
  const type = layerTypes.get(mediaType);
  return type && findMediaType({ ...type, compression });
}

/** The layer type in a family of formats; undefined if there is none. Only OCI has types of encrypted layers. */
export function layerTypeFor(family: Family, mediaType: string): string | undefined {
  if (isEncryptedLayerType(mediaType)) {
    const plain =
      family === "oci" ? layerTypeFor(family, decryptedLayerType(mediaType)) : undefined;
    return plain && `${plain}${encryptedSuffix}`;
  }
  const type = layerTypes.get(mediaType);
  if (type === undefined || (family === "docker" && type.compression === "zstd")) return undefined;
  return findMediaType({ ...type, family });
}

/** Whether this is the type of an encrypted layer (ocicrypt). */
export function isEncryptedLayerType(mediaType: string): boolean {
  return mediaType.endsWith(encryptedSuffix) && layerTypes.has(decryptedLayerType(mediaType));
}

/** The type of an encrypted layer after it was decrypted. Other types do not change. */
export function decryptedLayerType(mediaType: string): string {
  return mediaType.endsWith(encryptedSuffix)
    ? mediaType.slice(0, -encryptedSuffix.length)
    : mediaType;
}

/** The type of a layer after it was encrypted; undefined if layers of this type cannot be encrypted. */
export function encryptedLayerType(mediaType: string): string | undefined {
  return layerTypes.has(mediaType) ? `${mediaType}${encryptedSuffix}` : undefined;
}

const encryptedSuffix = "+encrypted";

function findMediaType(wanted: LayerType): string | undefined {
  const same = (type: LayerType): boolean =>
    type.family === wanted.family &&
    type.distributable === wanted.distributable &&
    type.compression === wanted.compression;
  return [...layerTypes].find(([, type]) => same(type))?.[0];
}

function oci(distributable: boolean, compression: LayerCompression): LayerType {
  return { family: "oci", distributable, compression };
}

function docker(distributable: boolean, compression: LayerCompression): LayerType {
  return { family: "docker", distributable, compression };
}
