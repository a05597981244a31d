import type {
  BlobInfo,
  BlobLocation,
  Digest,
  GetBlobOptions,
  ImageSource,
  OperationOptions,
  RawManifest,
  Referrer,
  ReferrersOptions,
  Signature,
  SourceOffers,
} from "@drayage/core";

import { downloadBlob } from "./blobs/blob-download.ts";
import { locationIn } from "./blobs/blob-location.ts";
import { downloadManifest } from "./manifests/manifest-download.ts";
import { digestOfManifest } from "./manifests/manifest-presence.ts";
import { listDigestTags, listReferrers } from "./referrers/referrers.ts";
import { downloadFromAny, listFromFirst, readFromFirst } from "./registry/fail-over.ts";
import type { Repositories } from "./registry/fail-over.ts";
import type { Registries } from "./registry/registries.ts";
import type { RegistryReference } from "./registry/registry-reference.ts";
import { readAttachments } from "./signatures/attachments.ts";
import type { SigstoreSignature } from "./signatures/attachments.ts";
import { readLookaside } from "./signatures/lookaside.ts";

/** An image in a registry or its mirrors. Sends no request before the first read, and reads the manifest once. */
export class DockerSource implements ImageSource {
  readonly reference: RegistryReference;
  readonly offers: SourceOffers;
  readonly #registries: Registries;
  readonly #use: AsyncDisposable;
  /** The repository that had the manifest, and those after it. */
  #repositories: Repositories;
  #manifest: RawManifest | undefined;
  readonly #manifestMIMETypes: readonly string[] | undefined;

  /** `manifestMIMETypes` are the requested media types; undefined requests all. */
  constructor(
    reference: RegistryReference,
    repositories: Repositories,
    registries: Registries,
    manifestMIMETypes?: readonly string[],
  ) {
    this.#manifestMIMETypes = manifestMIMETypes;
    this.reference = reference;
    this.offers = {
      parallelBlobs: registries.parallelBlobs,
      ranges: true,
      requests: { perBlob: 1, perManifest: 1 },
    };
    this.#repositories = repositories;
    this.#registries = registries;
    this.#use = registries.use();
  }

  async getManifest(instance?: Digest, options: OperationOptions = {}): Promise<RawManifest> {
    options.signal?.throwIfAborted();
    if (instance !== undefined) return (await this.#download(instance, options)).value;
    const { tag = "latest", digest } = this.reference.dockerReference;
    if (this.#manifest === undefined) {
      const { repository, value } = await this.#download(digest ?? tag, options);
      this.#repositories = this.#repositories.slice(this.#repositories.indexOf(repository));
      this.#manifest = value;
    }
    return this.#manifest;
  }

  getBlob(blob: BlobInfo, options?: GetBlobOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const [only, ...others] = this.#repositories;
    if (only === undefined || others.length > 0)
      return downloadFromAny(this.#repositories, blob, options);
    return downloadBlob(only, blob, options);
  }

  /** The location in the registry; undefined for a foreign layer, which may be at its URLs only. */
  locateBlob({ urls = [] }: BlobInfo): BlobLocation | undefined {
    const [repository] = this.#repositories;
    if (urls.length > 0 || repository === undefined) return undefined;
    return locationIn(repository);
  }

  /**
   * Reads the signatures of the stores in registries.d: the lookaside store, then the attachments in the registry if they
   * are enabled. Attachments are read from the first repository that has any.
   */
  async getSignatures(
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<readonly Signature[]> {
    options.signal?.throwIfAborted();
    const storage = await this.#registries.signatureStorage(
      this.reference.dockerReference,
      options,
    );
    const digest = instance ?? digestOfManifest(await this.getManifest(undefined, options));
    const { client } = this.#registries;
    const signatures = await readLookaside(storage, digest, client, options);
    if (!storage.usesAttachments) return signatures;
    return [...signatures, ...(await attachmentsIn(this.#repositories, digest, options))];
  }

  async *getReferrers(
    subject: Digest,
    { artifactType, ...options }: ReferrersOptions = {},
  ): AsyncGenerator<Referrer, void, undefined> {
    yield* listFromFirst(
      this.#repositories,
      (repository, each) => listReferrers(repository, subject, { ...each, artifactType }),
      options,
    );
    yield* listFromFirst(
      this.#repositories,
      (repository, each) => listDigestTags(repository, subject, each),
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#use[Symbol.asyncDispose]();
  }

  async #download(
    wanted: string,
    options: OperationOptions,
  ): ReturnType<typeof readFromFirst<RawManifest>> {
    return readFromFirst(
      this.#repositories,
      async (repository, each) =>
        downloadManifest(repository, wanted, {
          ...each,
          manifestMIMETypes: this.#manifestMIMETypes,
        }),
      options,
    );
  }
}

/** Reads the attachments of the first repository that has any. @throws ImageError if a repository fails */
async function attachmentsIn(
  repositories: Repositories,
  subject: Digest,
  options: OperationOptions,
): Promise<readonly SigstoreSignature[]> {
  const attached = listFromFirst(
    repositories,
    async function* (repository, each) {
      yield* (await readAttachments(repository, subject, each)) ?? [];
    },
    options,
  );
  return Array.fromAsync(attached);
}
