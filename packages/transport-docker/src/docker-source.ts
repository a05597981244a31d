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
import { listDigestTags, listReferrers } from "./listings/referrers.ts";
import { downloadManifest } from "./manifests/manifest-download.ts";
import type { Registries } from "./registries.ts";
import type { Repository } from "./repository.ts";

/** An image in a registry. Nothing is asked before something is wanted, and the manifest once. */
export class DockerSource implements ImageSource {
  readonly reference: DockerReference;
  readonly offers: SourceOffers;
  readonly #repository: Repository;
  readonly #use: AsyncDisposable;
  #manifest: RawManifest | undefined;

  constructor(reference: DockerReference, registries: Registries) {
    this.reference = reference;
    this.offers = {
      parallelBlobs: registries.parallelBlobs,
      ranges: true,
      requests: { perBlob: 1, perManifest: 1 },
    };
    this.#repository = registries.repositoryOf(reference.dockerReference);
    this.#use = registries.use();
  }

  async getManifest(instance?: Digest, options: OperationOptions = {}): Promise<RawManifest> {
    options.signal?.throwIfAborted();
    if (instance !== undefined) return downloadManifest(this.#repository, instance, options);
    const { tag = "latest", digest } = this.reference.dockerReference;
    this.#manifest ??= await downloadManifest(this.#repository, digest ?? tag, options);
    return this.#manifest;
  }

  getBlob(blob: BlobInfo, options?: GetBlobOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return downloadBlob(this.#repository, blob, options);
  }

  /** A foreign layer may be anywhere. */
  locateBlob({ urls = [] }: BlobInfo): BlobLocation | undefined {
    if (urls.length > 0) return undefined;
    const { registry, path } = this.#repository;
    return { kind: "registry", origin: registry.origin, repository: path };
  }

  getReferrers(
    subject: Digest,
    options: ReferrersOptions = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    return listReferrers(this.#repository, subject, options);
  }

  getDigestTags(
    subject: Digest,
    options: OperationOptions = {},
  ): AsyncGenerator<TaggedDigest, void, undefined> {
    return listDigestTags(this.#repository, subject, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#use[Symbol.asyncDispose]();
  }
}
