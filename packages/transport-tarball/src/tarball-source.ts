import { digestOf, ImageError, imageName, mediaTypes } from "@drayage/core";
import type {
  BlobInfo,
  Digest,
  GetBlobOptions,
  ImageReference,
  ImageSource,
  OperationOptions,
  RawManifest,
  SourceOffers,
} from "@drayage/core";
import { streamOf, sliced } from "@drayage/core/content";

import { tarballImage } from "./tarball-image.ts";
import type { TarballImage } from "./tarball-image.ts";
import { openTarballLayer } from "./tarball-layer.ts";
import type { TarballLayer } from "./tarball-layer.ts";
import type { TarballSettings } from "./tarball-settings.ts";

/** An image generated from root file systems. */
export class TarballSource implements ImageSource {
  readonly reference: ImageReference;
  readonly offers: SourceOffers = {
    parallelBlobs: 6,
    ranges: true,
    isLocal: true,
    generatesManifests: true,
  };
  readonly #layers: readonly TarballLayer[];
  readonly #image: TarballImage;

  private constructor(
    reference: ImageReference,
    layers: readonly TarballLayer[],
    image: TarballImage,
  ) {
    this.reference = reference;
    this.#layers = layers;
    this.#image = image;
  }

  /** Reads all files once. @throws ImageError `not-found`; `invalid-manifest` if a file is not a tar file */
  static async open(
    reference: ImageReference,
    files: readonly string[],
    settings: TarballSettings,
    options: OperationOptions = {},
  ): Promise<TarballSource> {
    const layers: TarballLayer[] = [];
    try {
      for (const file of files) layers.push(await openTarballLayer(file, options));
      return new TarballSource(reference, layers, tarballImage(layers, settings));
    } catch (error) {
      await closeAll(layers);
      throw error;
    }
  }

  async getManifest(instance?: Digest, { signal }: OperationOptions = {}): Promise<RawManifest> {
    signal?.throwIfAborted();
    const { manifest: bytes } = this.#image;
    const digest = digestOf(bytes);
    if (instance === undefined || instance === digest)
      return { bytes, digest, mediaType: mediaTypes.ociManifest };
    throw this.#notFound(`No manifest ${instance}: tar files form one image and no index`);
  }

  async *getBlob(
    { digest }: BlobInfo,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    const layer = this.#layers.find((one) => one.digest === digest);
    if (layer !== undefined) yield* layer.read(options);
    else if (digest === digestOf(this.#image.config))
      yield* sliced(streamOf(this.#image.config), options.range);
    else throw this.#notFound(`No blob ${digest} in this image`);
  }

  /** Closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#layers);
  }

  #notFound(message: string): ImageError {
    return new ImageError("not-found", message, { reference: imageName(this.reference) });
  }
}

async function closeAll(layers: readonly TarballLayer[]): Promise<void> {
  for (const layer of layers) await layer[Symbol.asyncDispose]();
}
