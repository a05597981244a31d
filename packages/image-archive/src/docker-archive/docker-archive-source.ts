import { digestOf, ImageError, imageName } from "@drayage/core";
import type {
  BlobInfo,
  Digest,
  GetBlobOptions,
  ImageListing,
  ImageReference,
  ImageSource,
  ListedImage,
  OperationOptions,
  RawManifest,
  SourceOffers,
} from "@drayage/core";
import { streamOf, sliced } from "@drayage/core/content";

import { decompressedBytes } from "../access/decompressed-bytes.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { manifestOf, partsOf } from "./docker-archive-image.ts";
import type { ArchivedLayer, ArchivedParts, LayerCache } from "./docker-archive-image.ts";
import type { DockerArchiveSelector } from "./docker-archive-selector.ts";
import { archivedImages, contentKey, namesByPosition, selectedImage } from "./docker-archive.ts";

/** Reads one image of a docker archive; layers are returned uncompressed. Closes the archive. */
export class DockerArchiveSource implements ImageSource {
  readonly reference: ImageReference;
  readonly #archive: TarArchive;
  readonly #config: Uint8Array;
  readonly #configDigest: Digest;
  readonly #layers: ReadonlyMap<Digest, ArchivedLayer>;
  readonly #manifest: ReturnType<typeof manifestOf>;

  private constructor(reference: ImageReference, archive: TarArchive, parts: ArchivedParts) {
    this.reference = reference;
    this.#archive = archive;
    this.#config = parts.config;
    this.#configDigest = digestOf(parts.config);
    this.#layers = new Map(parts.layers.map((layer) => [layer.digest, layer]));
    this.#manifest = manifestOf(parts.config, parts.layers);
  }

  /** @throws ImageError `not-found` with the list of images; `unsupported`, `invalid-manifest` */
  static async open(
    reference: ImageReference,
    archive: TarArchive,
    selector: DockerArchiveSelector,
    options: OperationOptions = {},
  ): Promise<DockerArchiveSource> {
    try {
      const images = await archivedImages(archive, options);
      const image = selectedImage(images, selector, archive.location);
      return new DockerArchiveSource(reference, archive, await partsOf(archive, image, options));
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * All images in the archive. `referenceTo` returns a reference to an image by its position. Closing the result closes
   * the archive. @throws ImageError `unsupported`, `invalid-manifest`
   */
  static async list(
    archive: TarArchive,
    referenceTo: (selector: DockerArchiveSelector) => ImageReference,
    options: OperationOptions = {},
  ): Promise<ImageListing> {
    const close = async (): Promise<void> => archive[Symbol.asyncDispose]();
    try {
      const stored = await archivedImages(archive, options);
      const names = namesByPosition(stored);
      const known: LayerCache = new Map();
      const read = new Map<string, ArchivedParts>();
      const images = stored.map((image, position): ListedImage => {
        const reference = referenceTo({ kind: "position", position });
        return {
          names: names[position] ?? [],
          reference,
          async newImageSource(given = {}) {
            const key = contentKey(image);
            const parts = read.get(key) ?? (await partsOf(archive, image, given, known));
            read.set(key, parts);
            return new DockerArchiveSource(reference, archive, parts);
          },
        };
      });
      return { images, [Symbol.asyncDispose]: close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  get offers(): SourceOffers {
    return { ...this.#archive.offers, generatesManifests: true };
  }

  async getManifest(instance?: Digest, { signal }: OperationOptions = {}): Promise<RawManifest> {
    signal?.throwIfAborted();
    if (instance === undefined || instance === this.#manifest.digest) return this.#manifest;
    throw this.#notFound(`No manifest ${instance}: a docker archive has no image indexes`);
  }

  async *getBlob(
    { digest }: BlobInfo,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (digest === this.#configDigest) yield* sliced(streamOf(this.#config), options.range);
    else yield* this.#layerBytes(digest && this.#layers.get(digest), digest, options);
  }

  /** Closes the archive. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
  }

  async *#layerBytes(
    layer: ArchivedLayer | undefined,
    digest: Digest | undefined,
    options: GetBlobOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (layer === undefined) throw this.#notFound(`No blob ${digest} in ${this.#archive.location}`);
    const { member, compression } = layer;
    if (compression === "none") {
      yield* this.#archive.read(member, options);
      return;
    }
    const { range, ...whole } = options;
    const compressed = this.#archive.read(member, { ...whole, reuseBuffers: false });
    yield* sliced(decompressedBytes(compressed, compression), range);
  }

  #notFound(message: string): ImageError {
    return new ImageError("not-found", message, { reference: imageName(this.reference) });
  }
}
