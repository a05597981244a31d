import { ImageError, isImageError, mediaTypes } from "@drayage/core";
import type {
  BlobBody,
  BlobInfo,
  BlobLocation,
  Descriptor,
  DestinationAccepts,
  Digest,
  ImageDestination,
  OperationOptions,
  PutBlobOptions,
  PutManifestOptions,
  RawManifest,
  ReusedManifest,
  ReuseManifestOptions,
  ReuseOptions,
  Signature,
} from "@drayage/core";
import { manifestMediaTypes } from "@drayage/core/manifest";

import { cancelUpload, mountBlob } from "./blobs/begun-upload.ts";
import type { BegunUpload } from "./blobs/begun-upload.ts";
import { locationIn, repositoryAt } from "./blobs/blob-location.ts";
import { isStored, uploadBlob } from "./blobs/blob-upload.ts";
import {
  digestIn,
  digestOfManifest,
  requestManifestPresence,
} from "./manifests/manifest-presence.ts";
import { uploadManifest } from "./manifests/manifest-upload.ts";
import { changeReferrersTag } from "./referrers/referrers-tag.ts";
import type { UnlistedReferrer } from "./referrers/unlisted-referrer.ts";
import { isFound } from "./registry/head-support.ts";
import type { Registries } from "./registry/registries.ts";
import type { RegistryReference } from "./registry/registry-reference.ts";
import type { Repository } from "./registry/repository.ts";
import { addAttachments } from "./signatures/attachments.ts";
import { writeLookaside } from "./signatures/lookaside.ts";
import { acceptedSignatures } from "./signatures/signature-storage.ts";
import type { SignatureStorage } from "./signatures/signature-storage.ts";

/** Where an image and its signatures are written. */
export interface DockerPlace {
  readonly repository: Repository;
  readonly signatures: SignatureStorage;
}

const presence = { action: "pull,push", confirmAbsence: false } as const;

/** Sends blobs and the manifests of instances as they come, and that which the reference names at `commit`. */
export class DockerDestination implements ImageDestination {
  readonly reference: RegistryReference;
  readonly accepts: DestinationAccepts;
  readonly #repository: Repository;
  readonly #storage: SignatureStorage;
  readonly #use: AsyncDisposable;
  /** Uploads that a registry began where it would not mount. */
  readonly #begun = new Map<Digest, BegunUpload>();
  readonly #cancellations: Promise<void>[] = [];
  #top: RawManifest | undefined;
  readonly #tagged: { readonly tag: string; readonly manifest: RawManifest }[] = [];
  readonly #signatures = new Map<Digest, readonly Signature[]>();
  readonly #unlisted: UnlistedReferrer[] = [];

  constructor(
    reference: RegistryReference,
    { repository, signatures }: DockerPlace,
    registries: Registries,
  ) {
    this.reference = reference;
    this.accepts = {
      manifestMIMETypes: [...manifestMediaTypes, mediaTypes.ociArtifact],
      layers: "compress",
      foreignLayerURLs: true,
      referrers: true,
      ...acceptedSignatures(signatures),
      parallelBlobs: registries.parallelBlobs,
      requests: { perBlob: 3, perManifest: 1 },
    };
    this.#repository = repository;
    this.#storage = signatures;
    this.#use = registries.use();
  }

  /**
   * Accounts that may write may not always read, so an error response does not fail the copy. Neither does a 404 of a
   * registry that may lack HEAD: the manifest is then sent again.
   */
  async resolve(options: OperationOptions = {}): Promise<Digest | undefined> {
    const request = { ...options, ...presence };
    const wanted = this.#tagOrDigest;
    const response = await requestManifestPresence(this.#repository, wanted, request);
    if (isFound(response.status)) return digestIn(response, this.#repository, wanted, request);
    await response.discard();
    return undefined;
  }

  /** A manifest in the repository has all it references: a registry accepts no other. */
  async tryReusingManifest(
    digest: Digest,
    { location, signal, retries, onNotice }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    if (this.#repositoryBeside(location) === this.#repository.path) return { digest };
    const request = { signal, retries, onNotice, ...presence };
    const response = await requestManifestPresence(this.#repository, digest, request);
    await response.discard();
    return isFound(response.status) ? { digest } : undefined;
  }

  async tryReusingBlob(
    { digest, size }: Descriptor,
    { location, ...options }: ReuseOptions = {},
  ): Promise<BlobInfo | undefined> {
    const from = this.#repositoryBeside(location);
    if (from === this.#repository.path) return { digest, size };
    if (from !== undefined && (await this.#mount(digest, from, options))) return { digest, size };
    const isThere = await isStored(this.#repository, { digest, size }, options);
    return isThere ? { digest, size } : undefined;
  }

  locateBlob(): BlobLocation {
    return locationIn(this.#repository);
  }

  async putBlob(
    bytes: BlobBody,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<Descriptor> {
    const { digest, mediaType = "application/octet-stream" } = blob;
    const stored = await uploadBlob(this.#repository, bytes, blob, {
      ...options,
      begun: this.#takeBegun(digest),
      abandon: (upload) => this.#cancel(upload),
    });
    return { ...stored, mediaType };
  }

  async putManifest(
    manifest: RawManifest,
    { instance, tag, ...options }: PutManifestOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    if (instance === undefined) this.#top = manifest;
    else if (tag === undefined) await this.#send(manifest, instance, options);
    else this.#tagged.push({ tag, manifest });
  }

  /** @throws ImageError `unsupported` where there is no place for signatures of that kind */
  async putSignatures(
    signatures: readonly Signature[],
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const digest = instance ?? (this.#top && digestOfManifest(this.#top));
    if (digest === undefined) throw new ImageError("conflict", "Signatures before the manifest");
    const accepted = acceptedSignatures(this.#storage);
    for (const { kind } of signatures) {
      const answer = kind === "sigstore" ? accepted.sigstoreSignatures : accepted.signatures;
      if (typeof answer === "string") throw new ImageError("unsupported", answer);
    }
    this.#signatures.set(digest, signatures);
  }

  /** What refers to the image comes first, so that the image never appears without it. */
  async commit(options: OperationOptions = {}): Promise<void> {
    if (this.#top === undefined) throw new ImageError("conflict", "Commit before the manifest");
    for (const [digest, signatures] of this.#signatures) {
      await this.#sign(digest, signatures, options);
    }
    for (const { tag, manifest } of this.#tagged) await this.#send(manifest, tag, options);
    await this.#list(options);
    await this.#send(this.#top, this.#tagOrDigest, options);
    await this.#list(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const upload of this.#begun.values()) this.#cancel(upload);
    await Promise.all(this.#cancellations);
    await this.#use[Symbol.asyncDispose]();
  }

  async #sign(
    digest: Digest,
    signatures: readonly Signature[],
    options: OperationOptions,
  ): Promise<void> {
    const attached = signatures.filter((signature) => signature.kind === "sigstore");
    const others = signatures.filter((signature) => signature.kind !== "sigstore");
    if (others.length > 0) await writeLookaside(this.#storage, digest, others, options);
    if (attached.length > 0) await addAttachments(this.#repository, digest, attached, options);
  }

  async #send(manifest: RawManifest, as: string, options: OperationOptions): Promise<void> {
    const unlisted = await uploadManifest(this.#repository, manifest, as, options);
    if (unlisted !== undefined) this.#unlisted.push(unlisted);
  }

  /** Where the registry does not: once for each manifest that something refers to. */
  async #list(options: OperationOptions): Promise<void> {
    const bySubject = Map.groupBy(this.#unlisted.splice(0), ({ subject }) => subject);
    for (const [subject, referrers] of bySubject) {
      const added = referrers.map(({ referrer }) => referrer);
      await changeReferrersTag(this.#repository, { subject, added }, options);
    }
  }

  get #tagOrDigest(): string {
    const { tag, digest } = this.reference.dockerReference;
    return tag ?? digest ?? "latest";
  }

  /** The repository of this registry in which a blob lies. */
  #repositoryBeside(location: BlobLocation | undefined): string | undefined {
    return repositoryAt(location, this.#repository.registry.origin);
  }

  /** An upload that was begun instead serves the `putBlob` that follows. */
  async #mount(digest: Digest, from: string, options: OperationOptions): Promise<boolean> {
    try {
      const mounted = await mountBlob(this.#repository, digest, from, options);
      if (mounted === true || mounted === undefined) return mounted === true;
      const previous = this.#takeBegun(digest);
      if (previous !== undefined) this.#cancel(previous);
      this.#begun.set(digest, mounted);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isImageError(error)) throw error;
    }
    return false;
  }

  #takeBegun(digest: Digest | undefined): BegunUpload | undefined {
    const upload = digest && this.#begun.get(digest);
    if (upload !== undefined && digest !== undefined) this.#begun.delete(digest);
    return upload;
  }

  #cancel(upload: BegunUpload): void {
    this.#cancellations.push(cancelUpload(this.#repository, upload));
  }
}
