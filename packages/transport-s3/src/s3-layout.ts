import type {
  BlobInfo,
  BlobLocation,
  Digest,
  GetBlobOptions,
  OperationOptions,
  SourceOffers,
} from "@drayage/core";
import type { IndexChange, LayoutFileName, LayoutStore, StoredBlob } from "@drayage/image-layout";

import { downloadBlob } from "./blob-download.ts";
import { BlobPool } from "./blob-pool.ts";
import { uploadBlob } from "./blob-upload.ts";
import type { UploadSettings } from "./blob-upload.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { copyObject } from "./object-copy.ts";
import { blobHeaders } from "./object-headers.ts";
import { S3Error } from "./s3-error.ts";
import { keyIn } from "./s3-location.ts";
import type { S3Folder } from "./s3-location.ts";
import type { S3Store } from "./s3-store.ts";

/** A layout in a bucket. Blobs are there for everybody at once, and counted on only by what `index.json` names. */
export class S3Layout implements LayoutStore {
  readonly place: string;
  readonly offers: SourceOffers = {
    parallelBlobs: 64,
    ranges: true,
    requests: { perBlob: 1, perManifest: 1 },
  };
  readonly parallelBlobs = 64;
  readonly lentChunks = true;
  readonly requests: LayoutStore["requests"] = { perBlob: 2, perManifest: 1 };
  readonly #store: S3Store;
  readonly #folder: S3Folder;
  readonly #files: LayoutFiles;
  readonly #pool: BlobPool;
  readonly #isShared: boolean;

  constructor(store: S3Store, folder: S3Folder) {
    this.place = `s3://${keyIn(folder.bucket, folder.prefix)}`;
    this.#store = store;
    this.#folder = folder;
    this.#files = store.filesOf(folder);
    const { sharedBlobs } = store;
    this.#isShared = sharedBlobs !== undefined;
    const { bucket, prefix } = sharedBlobs ?? { ...folder, prefix: keyIn(folder.prefix, "blobs") };
    this.#pool = new BlobPool(store.bucket(bucket), prefix);
  }

  async readFile(
    name: LayoutFileName,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    return this.#files.read(name, options);
  }

  async blobSize(digest: Digest, options: OperationOptions = {}): Promise<number | undefined> {
    return this.#pool.sizeOf(digest, options);
  }

  getBlob(digest: Digest, options: GetBlobOptions = {}): AsyncIterable<Uint8Array> {
    const { partSize: rangeSize, reading: memory } = this.#store;
    const key = this.#pool.keyOf(digest);
    return downloadBlob(this.#pool.bucket, key, { rangeSize, memory }, options);
  }

  locateBlob(digest: Digest): BlobLocation {
    const { bucket } = this.#pool;
    return {
      kind: "s3",
      endpoint: this.#store.endpoint,
      bucket: bucket.name,
      key: this.#pool.keyOf(digest),
    };
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: OperationOptions = {},
  ): Promise<StoredBlob> {
    const { partSize, sending: memory } = this.#store;
    const object = await this.#newObject(blob.mediaType, options);
    return uploadBlob(this.#pool, bytes, blob, { partSize, memory, object }, options);
  }

  /** By the store itself, where it is the same and our credentials reach as far; false where not. */
  async takeBlob(
    blob: StoredBlob,
    from: BlobLocation,
    options: OperationOptions = {},
  ): Promise<boolean> {
    if (from.kind !== "s3" || from.endpoint !== this.#store.endpoint) return false;
    const object = await this.#newObject(undefined, options);
    const source = { bucket: from.bucket, key: from.key, size: blob.size };
    const key = this.#pool.keyOf(blob.digest);
    try {
      const isOurs = await copyObject(source, this.#pool.bucket, key, object, options);
      if (!isOurs) await this.#pool.checkPresent(blob, options);
      return true;
    } catch (error) {
      if (error instanceof S3Error && !error.retryable) return false;
      throw error;
    }
  }

  async updateIndex(change: IndexChange, options: OperationOptions = {}): Promise<void> {
    await this.#files.update(change, options);
  }

  async deleteBlob(digest: Digest, options: OperationOptions = {}): Promise<void> {
    if (this.#isShared) return;
    await this.#pool.bucket.delete(this.#pool.keyOf(digest), options);
  }

  /** Nothing is held: what was put and not committed waits for somebody who needs it. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #newObject(
    mediaType: string | undefined,
    options: OperationOptions,
  ): Promise<UploadSettings["object"]> {
    const conditions = await this.#store.conditionsFor(this.#folder, options);
    const headers = blobHeaders(this.#store.settings, mediaType);
    return conditions === undefined ? headers : { ...headers, IfNoneMatch: "*" };
  }
}
