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
import { blobOf, firstOf, listOf } from "./registry/fail-over.ts";
import type { Places } from "./registry/fail-over.ts";
import type { Registries } from "./registry/registries.ts";
import type { RegistryReference } from "./registry/registry-reference.ts";
import { readAttachments } from "./signatures/attachments.ts";
import type { SigstoreSignature } from "./signatures/attachments.ts";
import { readLookaside } from "./signatures/lookaside.ts";

/** An image in a registry, or in mirrors of it. Nothing is asked before something is wanted, and the manifest once. */
export class DockerSource implements ImageSource {
  readonly reference: RegistryReference;
  readonly offers: SourceOffers;
  readonly #registries: Registries;
  readonly #use: AsyncDisposable;
  /** That which had the manifest, and those after it. */
  #places: Places;
  #manifest: RawManifest | undefined;

  constructor(reference: RegistryReference, places: Places, registries: Registries) {
    this.reference = reference;
    this.offers = {
      parallelBlobs: registries.parallelBlobs,
      ranges: true,
      requests: { perBlob: 1, perManifest: 1 },
    };
    this.#places = places;
    this.#registries = registries;
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
    return locationIn(place);
  }

  /**
   * Those that registries.d names: files beside the registry, then, if it enables them, those that are attached in the
   * registry. A mirror that has none of these does not count.
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
    return [...signatures, ...(await attachmentsIn(this.#places, digest, options))];
  }

  async *getReferrers(
    subject: Digest,
    { artifactType, ...options }: ReferrersOptions = {},
  ): AsyncGenerator<Referrer, void, undefined> {
    yield* listOf(
      this.#places,
      (place, patience) => listReferrers(place, subject, { ...options, artifactType, ...patience }),
      options,
    );
    yield* listOf(
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

/** The attachments at the first place that has any. @throws ImageError where a place that may have them fails */
async function attachmentsIn(
  places: Places,
  subject: Digest,
  options: OperationOptions,
): Promise<readonly SigstoreSignature[]> {
  const attached = listOf(
    places,
    async function* (place, patience) {
      yield* (await readAttachments(place, subject, patience)) ?? [];
    },
    options,
  );
  return Array.fromAsync(attached);
}
