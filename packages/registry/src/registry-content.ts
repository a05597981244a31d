import { algorithmOf, digestOf, mediaTypes, parseDigest } from "@drayage/core";
import type { Digest, DigestAlgorithm, RawManifest } from "@drayage/core";
import { readAll } from "@drayage/core/content";
import { manifestDigestOf } from "@drayage/core/manifest";

import { folderBlobStore, memoryBlobStore } from "./blob-store.ts";
import type { BlobStore } from "./blob-store.ts";
import { Repositories } from "./repositories.ts";
import type { StoredManifest } from "./repositories.ts";
import type { StoredImage } from "./stored-image.ts";
import { Uploads } from "./uploads.ts";

/** The content of a registry, with unchecked access that needs no client. */
export class RegistryContent {
  readonly repositories: Repositories = new Repositories();
  readonly store: BlobStore;
  readonly uploads: Uploads;

  constructor(folder: string | undefined) {
    this.store = folder === undefined ? memoryBlobStore() : folderBlobStore(folder);
    this.uploads = new Uploads(this.store);
  }

  async putBlob(
    repository: string,
    bytes: Uint8Array,
    algorithm?: DigestAlgorithm,
  ): Promise<Digest> {
    const digest = digestOf(bytes, algorithm);
    const content = await this.store.newWriter();
    await content.append(bytes);
    await content.commit(digest);
    this.repositories.ensure(repository).blobs.set(digest, bytes.byteLength);
    return digest;
  }

  putManifest(repository: string, manifest: RawManifest, tag?: string): Digest {
    const { bytes, mediaType } = manifest;
    const algorithm = manifest.digest && algorithmOf(manifest.digest);
    const digest = manifestDigestOf({ bytes, mediaType }, algorithm);
    const { manifests, tags } = this.repositories.ensure(repository);
    manifests.set(digest, { bytes, digest, mediaType: mediaType ?? mediaTypes.ociManifest });
    if (tag !== undefined) tags.set(tag, digest);
    return digest;
  }

  async putImage(repository: string, image: StoredImage, tag?: string): Promise<Digest> {
    for (const [digest, blob] of image.blobs)
      await this.putBlob(repository, blob, algorithmOf(digest));
    for (const instance of image.instances) this.putManifest(repository, instance);
    return this.putManifest(repository, image.manifest, tag);
  }

  async findBlob(repository: string, digest: Digest): Promise<Uint8Array | undefined> {
    const isThere = this.repositories.find(repository)?.blobs.has(digest) ?? false;
    return isThere ? readAll(this.store.read(digest), Infinity) : undefined;
  }

  findManifest(repository: string, reference: string): StoredManifest | undefined {
    const { manifests, tags } = this.repositories.find(repository) ?? {};
    const digest = reference.includes(":") ? parseDigest(reference) : tags?.get(reference);
    return digest && manifests?.get(digest);
  }

  tags(repository: string): readonly string[] {
    return [...(this.repositories.find(repository)?.tags.keys() ?? [])].toSorted();
  }
}
