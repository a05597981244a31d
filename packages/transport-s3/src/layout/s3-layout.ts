import { ImageError } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  Digest,
  GetBlobOptions,
  ReuseManifestOptions,
  OperationOptions,
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

/** A layout in a bucket. Blobs are there for everybody at once, and counted on only by what `index.json` names. */
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
  /** `index.json` as it was read last, and what it told of then. */
  #content: Uint8Array | undefined;
  #parsed: LayoutIndex | undefined;
  #deletion: string | undefined;
  /** What was there, or came to be, since then; its bytes, where they were seen. */
  readonly #needed = new Map<Digest, number | undefined>();
  readonly #missing = new Set<Digest>();
  /** Of which all was there because `index.json` named them. */
  readonly #counted = new Set<Digest>();

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

  /** `oci-layout` says nothing that `index.json` does not, and every question costs. */
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
   * What `index.json` names was whole when it was named, and what is shared is never deleted; a manifest that was put
   * there by a copy that did not come to its end may have lost what it needs.
   */
  async hasManifest(
    digest: Digest,
    { location, index, ...options }: ReuseManifestOptions = {},
  ): Promise<boolean> {
    if (this.#named(digest) !== undefined) return true;
    const list = index && this.#named(index);
    if (list !== undefined && isWholeIndex(list)) return true;
    if (list === undefined && !this.#isShared) return false;
    if (!this.#isOurs(location, digest)) return (await this.#sizeOf(digest, options)) !== undefined;
    this.#needed.set(digest, undefined);
    return true;
  }

  async statBlob(digest: Digest, options: OperationOptions = {}): Promise<BlobStat | undefined> {
    const stored = await this.#pool.stat(digest, options);
    if (stored === undefined || (stored.digest ?? digest) !== digest) this.#missing.add(digest);
    else this.#needed.set(digest, stored.size);
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
    options: OperationOptions = {},
  ): Promise<StoredBlob> {
    const known = await this.#findUnasked(blob, options);
    if (known !== undefined) return known;
    const { partSize, sending: memory } = this.#store;
    const object = await this.#newObject(blob.mediaType, options);
    const settings = { partSize, memory, object };
    const stored = await uploadBlob(this.#pool, bytes, blob, settings, options);
    this.#needed.set(stored.digest, stored.size);
    return stored;
  }

  /** In a layout without images hardly any blob is there, and the store refuses to write over it. */
  get takesFirst(): boolean {
    return this.#content === undefined && !this.#isShared;
  }

  /** By the store itself, where it is the same, our credentials reach as far, and it shows that the bytes are those of the digest; false where not. */
  async takeBlob(
    blob: StoredBlob,
    from: BlobLocation,
    options: OperationOptions = {},
  ): Promise<boolean> {
    const there = parseLocation(from);
    if (there === undefined || there.endpoint !== this.#store.endpoint) return false;
    const object = await this.#newObject(undefined, options);
    const source = { bucket: this.#store.bucket(there.bucket), key: there.key };
    try {
      if (!(await this.#copies.take(blob, source, object, options))) return false;
      this.#needed.set(blob.digest, blob.size);
      return true;
    } catch (error) {
      if (error instanceof S3Error && !error.retryable) return false;
      throw error;
    }
  }

  async updateIndex(change: IndexChange, options: OperationOptions = {}): Promise<void> {
    await sweepUploads(this.#pool, this.#needed.keys(), options);
    const deletion = this.#deletion;
    // A deletion finds out anew what is needed.
    const check = async (index: Uint8Array | undefined): Promise<void> =>
      change.afterwards === undefined ? this.#checkNeeded(index, options) : undefined;
    await this.#use.files.update(change, { deletion, check }, options);
  }

  async deleteBlob(digest: Digest, options: OperationOptions = {}): Promise<void> {
    if (!this.#isShared) await this.deleteKey(this.#pool.keyOf(digest), options);
  }

  /** Only as long as nobody can count on it: false for what stays because it is late. */
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

  /** What was put and not committed waits for somebody who needs it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#use[Symbol.dispose]();
  }

  /** A blob that nobody looked for before it was put: a manifest. */
  async #findUnasked(
    { digest, size }: BlobInfo,
    options: OperationOptions,
  ): Promise<StoredBlob | undefined> {
    if (digest === undefined || size === undefined || this.#missing.has(digest)) return undefined;
    const isKnown = this.#needed.has(digest) && (this.#needed.get(digest) ?? size) === size;
    if (isKnown || this.#counted.has(digest)) return { digest, size };
    return (await this.#sizeOf(digest, options)) === size ? { digest, size } : undefined;
  }

  async #sizeOf(digest: Digest, options: OperationOptions): Promise<number | undefined> {
    return storedSizeOf(this, digest, options);
  }

  /** Somebody may have deleted an image, and with it a blob that was counted on. */
  async #checkNeeded(index: Uint8Array | undefined, options: OperationOptions): Promise<void> {
    const left = index === undefined ? [] : parseLayoutIndex(index).entries;
    const named = new Set(left.map((entry) => entry["digest"]));
    for (const digest of this.#counted) if (!named.has(digest)) throw this.#lost(digest);
    const check = async (digest: Digest): Promise<void> => {
      if ((await this.#pool.sizeOf(digest, options)) === undefined) throw this.#lost(digest);
    };
    await Promise.all([...this.#needed.keys()].map(check));
  }

  #lost(digest: Digest): ImageError {
    const message = `${digest} was in ${this.location} and was deleted during the copy: copy again`;
    return new ImageError("conflict", message, { retryable: true });
  }

  /** What `index.json` says of a manifest; counted on from then on. */
  #named(digest: Digest): IndexEntry | undefined {
    this.#parsed ??= this.#content && parseLayoutIndex(this.#content);
    const entry = this.#parsed?.entries.find((one) => one["digest"] === digest);
    if (entry !== undefined) this.#counted.add(digest);
    return entry;
  }

  #isOurs(location: BlobLocation | undefined, digest: Digest): boolean {
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
