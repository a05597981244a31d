import type { DecompressionOptions } from "../compression/compression.ts";
import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import { putEmptyLayer, putGenerated } from "../image/generated-blob.ts";
import { withLayerCompression } from "../manifest/layer-media-types.ts";
import type { LayerCompression } from "../manifest/layer-media-types.ts";
import { parseManifest, schema1LayerType } from "../manifest/manifest.ts";
import type { ImageManifest, Schema1Manifest } from "../manifest/manifest.ts";
import { isSchema1MediaType, mediaTypes } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import {
  editSchema1,
  embeddedNameOf,
  hasOtherName,
  needsSignature,
} from "../schema1/edit-schema1.ts";
import { imageOfSchema1 } from "../schema1/image-of-schema1.ts";
import type { ImageOfSchema1, StoredLayer } from "../schema1/image-of-schema1.ts";
import { emptyLayerDigest, schema1Of } from "../schema1/schema1-of-image.ts";
import { signPayload } from "../schema1/sign-payload.ts";
import type { BlobResult } from "./blob-result.ts";
import { cachedDiffID } from "./cached-diff-id.ts";
import { reportDropped } from "./convert-config.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import { diffIDOf } from "./diff-id.ts";
import { readBlob } from "./read-blob.ts";

/** Writes schema 1 manifests, and manifests that are converted from or to schema 1. */
export class Schema1Writer {
  readonly #source: ImageSource;
  readonly #destination: ImageDestination;
  readonly #options: ExecuteOptions;
  /** The result of copying a layer; undefined if it was not copied. */
  readonly #resultOf: (layer: Digest) => BlobResult | undefined;

  constructor(
    source: ImageSource,
    destination: ImageDestination,
    options: ExecuteOptions,
    resultOf: (layer: Digest) => BlobResult | undefined,
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
    this.#resultOf = resultOf;
  }

  /** Converts a schema 1 manifest to a media type, and writes the config of the result. A conversion to its own type only edits it. */
  async convert(
    raw: RawManifest,
    manifest: Schema1Manifest,
    mediaType: string,
  ): Promise<RawManifest> {
    if (isSchema1MediaType(mediaType)) return this.#edited(raw, manifest, mediaType);
    const layers = await Promise.all(
      manifest.layers
        .filter(({ history }) => !history.isThrowaway)
        .map(async ({ digest }) => this.#storedLayer(digest)),
    );
    const image = imageOfSchema1(manifest, layers, mediaType, this.#options.digestAlgorithm);
    reportDropped("The config in the schema 1 manifest", image.dropped, this.#options);
    await this.#putConfig(image);
    return image.manifest;
  }

  /** Converts an image to schema 1, and writes the empty layer for steps without content. */
  async convertImage(manifest: ImageManifest): Promise<RawManifest> {
    const { signal } = this.#options;
    const read = readBlob(manifest.config, this.#source, this.#options, undefined);
    const config = await readAll(read.from(0), maxManifestSize);
    signal?.throwIfAborted();
    const digests = manifest.layers.map(({ digest }) => digest);
    const { name = "", tag = "" } =
      embeddedNameOf(this.#destination.reference.dockerReference) ?? {};
    const written = digests.map((digest) => this.#requireResult(digest).stored.digest);
    const payload = converted(() => schema1Of({ config, layers: digests, written, name, tag }));
    if (payload.includes(emptyLayerDigest)) await putEmptyLayer(this.#destination, this.#options);
    return { bytes: signPayload(payload), mediaType: mediaTypes.dockerSchema1Signed };
  }

  #edited(raw: RawManifest, manifest: Schema1Manifest, mediaType: string): RawManifest {
    const before = manifest.layers.map(({ digest }) => digest);
    const layers = before.map((digest) => this.#resultOf(digest)?.stored.digest ?? digest);
    const embedded = embeddedNameOf(this.#destination.reference.dockerReference);
    const isSame =
      !hasOtherName(manifest, embedded) &&
      !needsSignature(raw.bytes, manifest.mediaType, mediaType) &&
      layers.every((digest, at) => digest === before[at]);
    if (isSame) return { bytes: raw.bytes, mediaType };
    return { bytes: signPayload(editSchema1(manifest, { layers, embedded })), mediaType };
  }

  /** Reads the layer again if its DiffID is unknown and not cached, because the destination rejected schema 1 after the layer was copied. */
  async #storedLayer(digest: Digest): Promise<StoredLayer> {
    const { from, stored, compression: changed, diffID } = this.#requireResult(digest);
    const read = readBlob(from, this.#source, this.#options, undefined);
    const found =
      diffID ??
      (await cachedDiffID(digest, this.#options)) ??
      (await diffIDOf(read.from(0), this.#decompressionOf(digest)));
    const compression = changed ?? layerCompressions.get(found.compression);
    const typed = compression && withLayerCompression(schema1LayerType, compression);
    return {
      digest: stored.digest,
      size: stored.size,
      mediaType: typed ?? schema1LayerType,
      diffID: found.digest,
    };
  }

  #decompressionOf(digest: Digest): DecompressionOptions {
    const { maxLayerSize: maxSize, decompress } = this.#options;
    return { maxSize, decompress, what: `The layer ${digest}` };
  }

  #requireResult(digest: Digest): BlobResult {
    const result = this.#resultOf(digest);
    if (result !== undefined) return result;
    throw new ImageError(
      "impossible-copy",
      `The layer ${digest} is external, but schema 1 has no URLs; set downloadForeignLayers to copy it`,
    );
  }

  async #putConfig({ manifest, config }: ImageOfSchema1): Promise<void> {
    const parsed = parseManifest(manifest) as ImageManifest;
    const options = { ...this.#options, isConfig: true };
    await putGenerated(config, parsed.config, this.#destination, options);
  }
}

const layerCompressions: ReadonlyMap<string, LayerCompression> = new Map([
  ["none", "none"],
  ["gzip", "gzip"],
  ["zstd", "zstd"],
]);

/** Reports a config that schema 1 cannot express as an impossible copy, so that another media type is tried. */
function converted(convert: () => string): string {
  try {
    return convert();
  } catch (error) {
    if (!isImageError(error, "invalid-manifest")) throw error;
    const text = `The image cannot be converted to schema 1: ${error.message}`;
    throw new ImageError("impossible-copy", text, { cause: error });
  }
}
