import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, DigestAlgorithm, Platform } from "@drayage/core";
import { withLayerCompression } from "@drayage/core/manifest";
import type { LayerCompression } from "@drayage/core/manifest";

import { platformFields } from "./platform-fields.ts";
import { storedEncoding } from "./stored-encoding.ts";
import type { WholeImage, WholeManifest } from "./whole-image.ts";

/** OCI's formats, or Docker's schema 2. */
export type ImageFormat = "oci" | "docker";

/** An image with descriptors of its parts. */
export interface AssembledImage extends WholeImage {
  readonly config: Descriptor;
  /** The base layer first. */
  readonly layers: readonly Descriptor[];
}

/** An uncompressed layer and the compression to store it with. */
export interface UncompressedLayer {
  readonly tar: Uint8Array;
  readonly compression: LayerCompression;
}

export interface ImageParts {
  readonly format: ImageFormat;
  readonly platform: Platform;
  /** The base layer first. */
  readonly layers: readonly UncompressedLayer[];
  /** The `config` of the config (OCI image-spec, config.md). */
  readonly execution: Readonly<Record<string, unknown>>;
  /** More fields of the manifest; undefined ones are omitted. */
  readonly manifestFields: Readonly<Record<string, unknown>>;
  /** The algorithm of the digests of layers, config and manifest. DiffIDs are always sha256. The default is sha256. */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
}

/** The constant creation time, so that digests are reproducible. */
export const created: Date = new Date("2024-01-01T00:00:00Z");

const types = {
  oci: {
    manifest: mediaTypes.ociManifest,
    config: mediaTypes.ociConfig,
    layer: "application/vnd.oci.image.layer.v1.tar",
  },
  docker: {
    manifest: mediaTypes.dockerManifest,
    config: mediaTypes.dockerConfig,
    layer: "application/vnd.docker.image.rootfs.diff.tar",
  },
} as const;

/** Compresses the layers and writes config and manifest (OCI image-spec, config.md and manifest.md). */
export function assembledImage(parts: ImageParts): AssembledImage {
  const type = types[parts.format];
  const { digestAlgorithm } = parts;
  const layers = parts.layers.map(({ tar, compression }) => {
    const mediaType = withLayerCompression(type.layer, compression) ?? type.layer;
    return partOf(mediaType, storedEncoding(tar, compression), digestAlgorithm);
  });
  const config = partOf(type.config, json(configOf(parts)), digestAlgorithm);
  return imageOfParts(type.manifest, config, layers, parts.manifestFields, digestAlgorithm);
}

/** Builds an image from its parts. */
export function imageOfParts(
  manifestType: string,
  config: ImagePart,
  layers: readonly ImagePart[],
  manifestFields: Readonly<Record<string, unknown>>,
  digestAlgorithm?: DigestAlgorithm,
): AssembledImage {
  const parts = { config: config.descriptor, layers: layers.map(({ descriptor }) => descriptor) };
  const blobs = [config, ...layers].map(
    ({ descriptor, bytes }) => [descriptor.digest, bytes] as const,
  );
  return {
    manifest: manifestOf(manifestType, { ...parts, ...manifestFields }, digestAlgorithm),
    blobs: new Map(blobs),
    instances: [],
    ...parts,
  };
}

/** Bytes and their descriptor. */
export interface ImagePart {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export function partOf(
  mediaType: string,
  bytes: Uint8Array,
  digestAlgorithm?: DigestAlgorithm,
): ImagePart {
  const digest = digestOf(bytes, digestAlgorithm);
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

export function manifestOf(
  mediaType: string,
  fields: object,
  digestAlgorithm?: DigestAlgorithm,
): WholeManifest {
  const bytes = json({ schemaVersion: 2, mediaType, ...fields });
  return { bytes, mediaType, digest: digestOf(bytes, digestAlgorithm) };
}

/** Indented by three spaces, unlike any encoder here, so that overwriting a manifest changes its digest. */
export function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value, undefined, 3));
}

function configOf({ platform, execution, layers }: ImageParts): unknown {
  const when = created.toISOString();
  return {
    created: when,
    ...platformFields(platform),
    config: execution,
    rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    history: [
      ...layers.map((_, at) => ({ created: when, created_by: `layer ${at}` })),
      { created: when, created_by: "settings", empty_layer: true },
    ],
  };
}
