import { ImageError } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  Digest,
  GetBlobOptions,
  OperationOptions,
  PutBlobOptions,
  ReuseManifestOptions,
  SourceOffers,
} from "@drayage/core";
import { isWholeIndex, parseLayoutIndex, storedSizeOf } from "@drayage/image-layout";
import type {
  IndexChange,
  IndexEntry,
  LayoutFileName,
  LayoutIndex,
  LayoutPresence,
  LayoutStore,
  StoredBlob,
} from "@drayage/image-layout";

import { blobHeaders } from "../client/object-headers.ts";
import { S3Error } from "../client/s3-error.ts";
import { keyIn } from "../s3-location.ts";
import type { S3Folder } from "../s3-location.ts";
import { BlobPool } from "../uploads/blob-pool.ts";
import { uploadBlob } from "../uploads/blob-upload.ts";
import type { UploadSettings } from "../uploads/blob-upload.ts";
import { sweepUploads } from "../uploads/sweep-uploads.ts";
import { VerifiedCopies } from "../uploads/verified-copies.ts";
import { downloadBlob } from "./blob-download.ts";
import { deletionIn } from "./deletion-mark.ts";
import { deletionTimeout } from "./layout-files.ts";
import { formatLocation, parseLocation } from "./object-location.ts";
import type { ObjectLocation } from "./object-location.ts";
import type { S3Store } from "./s3-store.ts";

/** A layout in a bucket. Blobs are visible to every client at once; only those that `index.json` references count as present. */
export class S3Layout implements LayoutStore, LayoutPresence {
  readonly location: string;
  readonly offers: SourceOffers = {
    parallelBlobs: 64,
    ranges: true,
    storedDigests: true,
    requests: { perBlob: 1, perManifest: 1 },
  };
  readonly accepts: LayoutStore["accepts"] = {
    parallelBlobs: 64,
    reuseBuffers: true,
    requests: { perBlob: 2, perManifest: 1 },
  };
  readonly #store: S3Store;
  readonly #folder: S3Folder;
  readonly #use: ReturnType<S3Store["useFiles"]>;
  readonly #pool: BlobPool;
  readonly #copies: VerifiedCopies;
  readonly #isShared: boolean;
  /** The last `index.json` that was read, its parsed form and its deletion mark. */
  #content: Uint8Array | undefined;
  #parsed: LayoutIndex | undefined;
  #deletion: string | undefined;
  /** Blobs that were found or written since then, with their sizes if known. */
  readonly #present = new Map<Digest, number | undefined>();
  readonly #absent = new Set<Digest>();
  /** Manifests that are complete because `index.json` lists them. */
  readonly #listed = new Set<Digest>();

  constructor(store: S3Store, folder: S3Folder) {
    this.location = `s3://${keyIn(folder.bucket, folder.prefix)}`;
    this.#store = store;
    this.#folder = folder;
    this.#use = store.useFiles(folder);
    const { sharedBlobs } = store;
    this.#isShared = sharedBlobs !== undefined;
    const { bucket, prefix } = sharedBlobs ?? { ...folder, prefix: keyIn(folder.prefix, "blobs") };
    this.#pool = new BlobPool(store.bucket(bucket), prefix, store.settings.journal);
    this.#copies = new VerifiedCopies(this.#pool, store.partSize);
  }

  get presence(): LayoutPresence {
    return this;
  }

  /** Skips `oci-layout`: it adds nothing to `index.json`, and reading it costs a request. */
  async readFile(
    name: LayoutFileName,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    if (name === "oci-layout") return undefined;
    this.#content = await this.#use.files.read(options);
    this.#parsed = undefined;
    this.#deletion = deletionIn(this.#content);
    return this.#content;
  }

  /**
   * True for manifests in `index.json`, which were complete when they were listed, and for shared blobs, which are never
   * deleted. A manifest of an incomplete copy may lack blobs.
   */
  async hasManifest(
    digest: Digest,
    { location, index, ...options }: ReuseManifestOptions = {},
  ): Promise<boolean> {
    if (this.#findListed(digest) !== undefined) return true;
    const list = index && this.#findListed(index);
    if (list !== undefined && isWholeIndex(list)) return true;
    if (list === undefined && !this.#isShared) return false;
    if (!this.#isOwnLocation(location, digest))
      return (await this.#sizeOf(digest, options)) !== undefined;
    this.#present.set(digest, undefined);
    return true;
  }

  async statBlob(digest: Digest, options: OperationOptions = {}): Promise<BlobStat | undefined> {
    const stored = await this.#pool.stat(digest, options);
    if (stored === undefined || (stored.digest ?? digest) !== digest) this.#absent.add(digest);
    else this.#present.set(digest, stored.size);
    return stored;
  }

  getBlob(digest: Digest, options: GetBlobOptions = {}): AsyncIterable<Uint8Array> {
    const { partSize: rangeSize, reading: memory } = this.#store;
    const key = this.#pool.keyOf(digest);
    return downloadBlob(this.#pool.bucket, key, { rangeSize, memory }, options);
  }

  /** The object of a blob, present or not. */
  objectOf(digest: Digest): ObjectLocation {
    const { bucket } = this.#pool;
    return { endpoint: this.#store.endpoint, bucket: bucket.name, key: this.#pool.keyOf(digest) };
  }

  locateBlob(digest: Digest): BlobLocation {
    return formatLocation(this.objectOf(digest));
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    const present = await this.#findPresent(blob, options);
    if (present !== undefined) return present;
    const { partSize, sending: memory } = this.#store;
    const object = await this.#newObject(blob.mediaType, options);
    const settings = { partSize, memory, object };
    const stored = await uploadBlob(this.#pool, bytes, blob, settings, options);
    this.#present.set(stored.digest, stored.size);
    return stored;
  }

  /** True for a layout without images, which hardly contains blobs. The store does not overwrite them. */
  get takesFirst(): boolean {
    return this.#content === undefined && !this.#isShared;
  }

  /** Copies the blob inside the store. False for another store, without the permissions, or if the store cannot verify the digest. */
  async takeBlob(
    blob: StoredBlob,
    from: BlobLocation,
    options: OperationOptions = {},
  ): Promise<boolean> {
    const source = parseLocation(from);
    if (source === undefined || source.endpoint !== this.#store.endpoint) return false;
    const object = await this.#newObject(undefined, options);
    const copied = { bucket: this.#store.bucket(source.bucket), key: source.key };
    try {
      if (!(await this.#copies.copyBlob(blob, copied, object, options))) return false;
      this.#present.set(blob.digest, blob.size);
      return true;
    } catch (error) {
      if (error instanceof S3Error && !error.retryable) return false;
      throw error;
    }
  }

  async updateIndex(change: IndexChange, options: OperationOptions = {}): Promise<void> {
    await sweepUploads(this.#pool, this.#present.keys(), options);
    const deletion = this.#deletion;
    // A deletion determines the needed blobs itself.
    const check = async (index: Uint8Array | undefined): Promise<void> =>
      change.afterwards === undefined ? this.#checkReused(index, options) : undefined;
    await this.#use.files.update(change, { deletion, check }, options);
  }

  async deleteBlob(digest: Digest, options: OperationOptions = {}): Promise<void> {
    if (!this.#isShared) await this.deleteKey(this.#pool.keyOf(digest), options);
  }

  /** Deletes an object while other writers wait. False if the time for that is over. */
  async deleteKey(key: string, { retries }: OperationOptions): Promise<boolean> {
    if (!this.#use.files.mayDelete) return false;
    const signal = AbortSignal.timeout(deletionTimeout);
    try {
      await this.#pool.bucket.delete(key, { retries, signal });
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      return false;
    }
  }

  /** Keeps uncommitted blobs for later copies and for garbage collection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#use[Symbol.dispose]();
  }

  /** Finds a blob that was put without a lookup before: a manifest. */
  async #findPresent(
    { digest, size }: BlobInfo,
    options: OperationOptions,
  ): Promise<StoredBlob | undefined> {
    if (digest === undefined || size === undefined || this.#absent.has(digest)) return undefined;
    const isKnown = this.#present.has(digest) && (this.#present.get(digest) ?? size) === size;
    if (isKnown || this.#listed.has(digest)) return { digest, size };
    return (await this.#sizeOf(digest, options)) === size ? { digest, size } : undefined;
  }

  async #sizeOf(digest: Digest, options: OperationOptions): Promise<number | undefined> {
    return storedSizeOf(this, digest, options);
  }

  /** Checks that no other writer has deleted a reused manifest or blob. @throws ImageError `conflict` */
  async #checkReused(index: Uint8Array | undefined, options: OperationOptions): Promise<void> {
    const entries = index === undefined ? [] : parseLayoutIndex(index).entries;
    const listed = new Set(entries.map((entry) => entry["digest"]));
    for (const digest of this.#listed) if (!listed.has(digest)) throw this.#lost(digest);
    const check = async (digest: Digest): Promise<void> => {
      if ((await this.#pool.sizeOf(digest, options)) === undefined) throw this.#lost(digest);
    };
    await Promise.all([...this.#present.keys()].map(check));
  }

  #lost(digest: Digest): ImageError {
    const message = `${digest} was in ${this.location} and was deleted during the copy; copy again`;
    return new ImageError("conflict", message, { retryable: true });
  }

  /** The entry of a manifest in `index.json`. Marks the manifest as reused. */
  #findListed(digest: Digest): IndexEntry | undefined {
    this.#parsed ??= this.#content && parseLayoutIndex(this.#content);
    const entry = this.#parsed?.entries.find((listed) => listed["digest"] === digest);
    if (entry !== undefined) this.#listed.add(digest);
    return entry;
  }

  #isOwnLocation(location: BlobLocation | undefined, digest: Digest): boolean {
    const own = this.locateBlob(digest);
    return (
      location?.transport === own.transport &&
      location.scope === own.scope &&
      location.path === own.path
    );
  }

  async #newObject(
    mediaType: string | undefined,
    options: OperationOptions,
  ): Promise<UploadSettings["object"]> {
    const conditions = await this.#store.conditionsFor(this.#folder, options);
    const headers = blobHeaders(this.#store.settings, mediaType);
    return conditions === undefined ? headers : { ...headers, IfNoneMatch: "*" };
  }
}
