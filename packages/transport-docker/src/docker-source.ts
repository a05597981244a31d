import type {
  BlobInfo,
  BlobLocation,
  Descriptor,
  Digest,
  GetBlobOptions,
  ImageSource,
  OperationOptions,
  RawManifest,
  ReferrersOptions,
  SourceOffers,
  TaggedDigest,
} from "@drayage/core";

import { downloadBlob } from "./blobs/blob-download.ts";
import type { DockerReference } from "./docker-reference.ts";
import { blobOf, firstOf, listOf } from "./fail-over.ts";
import type { Places } from "./fail-over.ts";
import { listDigestTags, listReferrers } from "./listings/referrers.ts";
import { downloadManifest } from "./manifests/manifest-download.ts";
import type { Registries } from "./registries.ts";

/** An image in a registry, or in mirrors of it. Nothing is asked before something is wanted, and the manifest once. */
export class DockerSource implements ImageSource {
  readonly reference: DockerReference;
  readonly offers: SourceOffers;
  readonly #use: AsyncDisposable;
  /** That which had the manifest, and those after it. */
  #places: Places;
  #manifest: RawManifest | undefined;

  constructor(reference: DockerReference, places: Places, registries: Registries) {
    this.reference = reference;
    this.offers = {
      parallelBlobs: registries.parallelBlobs,
      ranges: true,
      requests: { perBlob: 1, perManifest: 1 },
    };
    this.#places = places;
    this.#use = registries.use();
  }

  async getManifest(instance?: Digest, options: OperationOptions = {}): Promise<RawManifest> {
    options.signal?.throwIfAborted();
    if (instance !== undefined) return (await this.#download(instance, options)).value;
    const { tag = "latest", digest } = this.reference.dockerReference;
    if (this.#manifest === undefined) {
      const { place, value } = await this.#download(digest ?? tag, options);
      this.#places = this.#places.slice(this.#places.indexOf(place));
      this.#manifest = value;
    }
    return this.#manifest;
  }

  getBlob(blob: BlobInfo, options?: GetBlobOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const [only, ...others] = this.#places;
    if (only === undefined || others.length > 0) return blobOf(this.#places, blob, options);
    return downloadBlob(only, blob, options);
  }

  /** A foreign layer may be anywhere. */
  locateBlob({ urls = [] }: BlobInfo): BlobLocation | undefined {
    const [place] = this.#places;
    if (urls.length > 0 || place === undefined) return undefined;
    return { kind: "registry", origin: place.registry.origin, repository: place.path };
  }

  getReferrers(
    subject: Digest,
    options: ReferrersOptions = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    return listOf(
      this.#places,
      (place, patience) => listReferrers(place, subject, { ...options, ...patience }),
      options,
    );
  }

  getDigestTags(
    subject: Digest,
    options: OperationOptions = {},
  ): AsyncGenerator<TaggedDigest, void, undefined> {
    return listOf(
      this.#places,
      (place, patience) => listDigestTags(place, subject, patience),
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#use[Symbol.asyncDispose]();
  }

  async #download(
    wanted: string,
    options: OperationOptions,
  ): ReturnType<typeof firstOf<RawManifest>> {
    return firstOf(
      this.#places,
      async (place, patience) => downloadManifest(place, wanted, patience),
      options,
    );
  }
}
