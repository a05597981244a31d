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

import { locationIn, repositoryAt } from "./blobs/blob-location.ts";
import { isStored, uploadBlob } from "./blobs/blob-upload.ts";
import { cancelUpload, mountBlob } from "./blobs/upload-session.ts";
import type { UploadSession } from "./blobs/upload-session.ts";
import {
  digestIn,
  digestOfManifest,
  requestManifestPresence,
} from "./manifests/manifest-presence.ts";
import { uploadManifest, uploadNamedManifest } from "./manifests/manifest-upload.ts";
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

/** The repository of an image and its signature stores. */
export interface DockerLocation {
  readonly repository: Repository;
  readonly signatures: SignatureStorage;
}

const presence = { action: "pull,push", confirmAbsence: false } as const;

/** Uploads blobs and the manifests of instances at once, and the manifest of the reference on `commit`. */
export class DockerDestination implements ImageDestination {
  readonly reference: RegistryReference;
  readonly accepts: DestinationAccepts;
  readonly #repository: Repository;
  readonly #storage: SignatureStorage;
  readonly #use: AsyncDisposable;
  /** Sessions that the registry started instead of mounting a blob, by digest. */
  readonly #sessions = new Map<Digest, UploadSession>();
  readonly #cancellations: Promise<void>[] = [];
  #top: RawManifest | undefined;
  readonly #tagged: { readonly tag: string; readonly manifest: RawManifest }[] = [];
  readonly #signatures = new Map<Digest, readonly Signature[]>();
  readonly #unlisted: UnlistedReferrer[] = [];

  constructor(
    reference: RegistryReference,
    { repository, signatures }: DockerLocation,
    registries: Registries,
  ) {
    this.reference = reference;
    this.accepts = {
      manifestMIMETypes: [
        ...manifestMediaTypes,
        mediaTypes.ociArtifact,
        mediaTypes.dockerSchema1Signed,
        mediaTypes.dockerSchema1,
      ],
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
    if (this.#repositoryOf(location) === this.#repository.path) return { digest };
    const request = { signal, retries, onNotice, ...presence };
    const response = await requestManifestPresence(this.#repository, digest, request);
    await response.discard();
    return isFound(response.status) ? { digest } : undefined;
  }

  async tryReusingBlob(
    { digest, size }: Descriptor,
    { location, ...options }: ReuseOptions = {},
  ): Promise<BlobInfo | undefined> {
    const from = this.#repositoryOf(location);
    if (from === this.#repository.path) return { digest, size };
    if (from !== undefined && (await this.#mount(digest, from, options))) return { digest, size };
    const isPresent = await isStored(this.#repository, { digest, size }, options);
    return isPresent ? { digest, size } : undefined;
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
      session: this.#takeSession(digest),
      abandon: (session) => this.#cancel(session),
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

  /** @throws ImageError `unsupported` if no store accepts signatures of this kind */
  async putSignatures(
    signatures: readonly Signature[],
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const digest = instance ?? (this.#top && digestOfManifest(this.#top));
    if (digest === undefined)
      throw new ImageError("conflict", "Put the manifest before its signatures");
    const accepted = acceptedSignatures(this.#storage);
    for (const { kind } of signatures) {
      const result = kind === "sigstore" ? accepted.sigstoreSignatures : accepted.signatures;
      if (typeof result === "string") throw new ImageError("unsupported", result);
    }
    this.#signatures.set(digest, signatures);
  }

  /** Writes signatures and referrers first, so that the image is never visible without them. */
  async commit(options: OperationOptions = {}): Promise<void> {
    if (this.#top === undefined) throw new ImageError("conflict", "Put the manifest before commit");
    for (const [digest, signatures] of this.#signatures) {
      await this.#sign(digest, signatures, options);
    }
    for (const { tag, manifest } of this.#tagged) await this.#send(manifest, tag, options);
    await this.#listReferrers(options);
    const unlisted = await uploadNamedManifest(
      this.#repository,
      this.#top,
      this.#tagOrDigest,
      options,
    );
    if (unlisted !== undefined) this.#unlisted.push(unlisted);
    await this.#listReferrers(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) this.#cancel(session);
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

  async #send(
    manifest: RawManifest,
    tagOrDigest: string,
    options: OperationOptions,
  ): Promise<void> {
    const unlisted = await uploadManifest(this.#repository, manifest, tagOrDigest, options);
    if (unlisted !== undefined) this.#unlisted.push(unlisted);
  }

  /** Adds the referrers that the registry does not list itself, with one update for each subject. */
  async #listReferrers(options: OperationOptions): Promise<void> {
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

  /** The path of the repository of a location; undefined for another registry. */
  #repositoryOf(location: BlobLocation | undefined): string | undefined {
    return repositoryAt(location, this.#repository.registry.origin);
  }

  /** Mounts a blob. If the registry starts an upload session instead, the next `putBlob` of the blob uses it. */
  async #mount(digest: Digest, from: string, options: OperationOptions): Promise<boolean> {
    try {
      const mounted = await mountBlob(this.#repository, digest, from, options);
      if (mounted === true || mounted === undefined) return mounted === true;
      const previous = this.#takeSession(digest);
      if (previous !== undefined) this.#cancel(previous);
      this.#sessions.set(digest, mounted);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isImageError(error)) throw error;
    }
    return false;
  }

  #takeSession(digest: Digest | undefined): UploadSession | undefined {
    const session = digest && this.#sessions.get(digest);
    if (session !== undefined && digest !== undefined) this.#sessions.delete(digest);
    return session;
  }

  #cancel(session: UploadSession): void {
    this.#cancellations.push(cancelUpload(this.#repository, session));
  }
}
