import type { Descriptor } from "../contract/blob-info.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import { formatGoJSON, formatGoStruct } from "../manifest/go-json.ts";
import { formatDockerEntry } from "../manifest/index-json.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { toOCIConfig } from "../manifest/oci-config.ts";
import { digestOf } from "../names/digest.ts";
import type { DigestAlgorithm } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import type { Schema1Content } from "./schema1-manifest.ts";
import { schema2ConfigOf } from "./schema2-config.ts";

/** A stored layer with content. */
export interface StoredLayer extends Descriptor {
  /** The digest of the uncompressed layer. */
  readonly diffID: Digest;
}

/** A manifest and its config, which must be stored as well. */
export interface ImageOfSchema1 {
  readonly manifest: RawManifest;
  readonly config: Uint8Array;
  /** The names of container settings that the format has no field for. */
  readonly dropped: readonly string[];
}

/**
 * An image of schema 1 in the format of schema 2 or OCI, byte for byte like containers/image. `layers` are those that are
 * not throwaway, the base layer first.
 * @throws ImageError `invalid-manifest`; `impossible-copy` for another target
 */
export function imageOfSchema1(
  content: Schema1Content,
  layers: readonly StoredLayer[],
  target: string,
  algorithm?: DigestAlgorithm,
): ImageOfSchema1 {
  const config = schema2ConfigOf(
    content,
    layers.map(({ diffID }) => diffID),
  );
  const manifest = schema2Manifest(config, layers, algorithm);
  if (target === mediaTypes.dockerManifest) return { manifest, config, dropped: [] };
  const { bytes, dropped } = toOCIConfig(config);
  const edits = { manifestMIMEType: target, config: sizedDigestOf(bytes, algorithm) };
  return { manifest: editManifest(manifest, edits), config: bytes, dropped };
}

function schema2Manifest(
  config: Uint8Array,
  layers: readonly StoredLayer[],
  algorithm: DigestAlgorithm | undefined,
): RawManifest {
  const described = { mediaType: mediaTypes.dockerConfig, ...sizedDigestOf(config, algorithm) };
  const entries = layers.map(({ mediaType, size, digest }) =>
    formatDockerEntry({ mediaType, size, digest }),
  );
  const text = formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(mediaTypes.dockerManifest)],
    ["config", formatDockerEntry(described)],
    // Go writes null for this list if it is empty.
    ["layers", entries.length === 0 ? "null" : `[${entries.join(",")}]`],
  ]);
  return { bytes: Buffer.from(text), mediaType: mediaTypes.dockerManifest };
}

function sizedDigestOf(
  bytes: Uint8Array,
  algorithm: DigestAlgorithm | undefined,
): Pick<Descriptor, "digest" | "size"> {
  return { digest: digestOf(bytes, algorithm), size: bytes.byteLength };
}
