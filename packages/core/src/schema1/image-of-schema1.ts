import type { Descriptor } from "../contract/blob-info.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import { formatGoJSON, formatGoStruct } from "../manifest/go-json.ts";
import { formatDockerEntry } from "../manifest/index-json.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import type { Schema1Content } from "./schema1-manifest.ts";
import { schema2ConfigOf } from "./schema2-config.ts";

/** A stored layer with content. */
export interface StoredLayer extends Descriptor {
  /** The digest of the uncompressed layer. */
  readonly diffID: Digest;
}

/** A schema 2 manifest and its config, which must be stored as well. */
export interface ImageOfSchema1 {
  readonly manifest: RawManifest;
  readonly config: Uint8Array;
}

/**
 * An image of schema 1 in the format of schema 2, byte for byte as containers/image writes it. `layers` are those that
 * are not throwaway, the base layer first.
 * @throws ImageError `invalid-manifest`
 */
export function imageOfSchema1(
  content: Schema1Content,
  layers: readonly StoredLayer[],
): ImageOfSchema1 {
  const config = schema2ConfigOf(
    content,
    layers.map(({ diffID }) => diffID),
  );
  const described: Descriptor = {
    mediaType: mediaTypes.dockerConfig,
    size: config.byteLength,
    digest: digestOf(config),
  };
  const entries = layers.map(({ mediaType, size, digest }) =>
    formatDockerEntry({ mediaType, size, digest }),
  );
  const text = formatGoStruct([
    ["schemaVersion", "2"],
    ["mediaType", formatGoJSON(mediaTypes.dockerManifest)],
    ["config", formatDockerEntry({ ...described })],
    ["layers", `[${entries.join(",")}]`],
  ]);
  const manifest = { bytes: Buffer.from(text), mediaType: mediaTypes.dockerManifest };
  return { manifest, config };
}
