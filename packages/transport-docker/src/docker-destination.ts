import { ImageError, isDigest, isImageError, manifestMediaTypes, mediaTypes } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  Descriptor,
  DestinationAccepts,
  Digest,
  HasManifestOptions,
  ImageDestination,
  OperationOptions,
  PutBlobOptions,
  RawManifest,
  ReuseOptions,
} from "@drayage/core";

import { cancelUpload, mountBlob } from "./blobs/begun-upload.ts";
import type { BegunUpload } from "./blobs/begun-upload.ts";
import { isStored, uploadBlob } from "./blobs/blob-upload.ts";
import type { DockerReference } from "./docker-reference.ts";
import { headerOf } from "./http/http-exchange.ts";
import { changeReferrersTag } from "./listings/referrers-tag.ts";
import { requestManifest } from "./manifests/manifest-download.ts";
import { uploadManifest } from "./manifests/manifest-upload.ts";
import type { UnlistedReferrer } from "./manifests/unlisted-referrer.ts";
import type { Registries } from "./registries.ts";
import type { Repository } from "./repository.ts";

/** Sends blobs and the manifests of instances as they come, and that which the reference names at `commit`. */
export class DockerDestination implements ImageDestination {
  readonly reference: DockerReference;
  readonly accepts: DestinationAccepts;
  readonly #repository: Repository;
  readonly #use: AsyncDisposable;
  /** Uploads that a registry began where it would not mount. */
  readonly #begun = new Map<Digest, BegunUpload>();
  readonly #cancellations: Promise<void>[] = [];
  #top: RawManifest | undefined;
  readonly #tagged: { readonly tag: string; readonly manifest: RawManifest }[] = [];
  readonly #unlisted: UnlistedReferrer[] = [];

  constructor(reference: DockerReference, repository: Repository, registries: Registries) {
    this.reference = reference;
    this.accepts = {
      manifestMIMETypes: [...manifestMediaTypes, mediaTypes.ociArtifact],
      layers: "compress",
      foreignLayerURLs: true,
      referrers: true,
      signatures: "storing signatures beside an image in a registry is not supported yet",
      parallelBlobs: registries.parallelBlobs,
      requests: { perBlob: 3, perManifest: 1 },
    };
    this.#repository = repository;
    this.#use = registries.use();
  }

  /** Who may write may not always read: a refusal says nothing, and does not end a copy. */
  async findManifestDigest(
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<Digest | undefined> {
    const wanted = instance ?? this.#tagOrDigest;
    const response = await requestManifest("HEAD", this.#repository, wanted, {
      ...options,
      action: "pull,push",
    });
    await response.discard();
    const digest = instance ?? headerOf(response, "docker-content-digest");
    return response.status === 200 && isDigest(digest) ? digest : undefined;
  }

  /** A registry takes no manifest before what it names. */
  async hasManifest(
    digest: Digest,
    { location, ...options }: HasManifestOptions = {},
  ): Promise<boolean> {
    if (this.#repositoryBeside(location) === this.#repository.path) return true;
    return (await this.findManifestDigest(digest, options)) !== undefined;
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
    const { registry, path } = this.#repository;
    return { kind: "registry", origin: registry.origin, repository: path };
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
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
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    if (instance === undefined) this.#top = manifest;
    else await this.#send(manifest, instance, options);
  }

  async putTaggedManifest(
    manifest: RawManifest,
    tag: string,
    options: OperationOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    this.#tagged.push({ tag, manifest });
  }

  /** What refers to the image comes first, so that the image never appears without it. */
  async commit(options: OperationOptions = {}): Promise<void> {
    if (this.#top === undefined) throw new ImageError("conflict", "Commit before the manifest");
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
    if (location?.kind !== "registry") return undefined;
    const [there, here] = [new URL(location.origin), new URL(this.#repository.registry.origin)];
    return there.host === here.host ? location.repository : undefined;
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
