import { ImageError } from "@drayage/core";
import type {
  BlobInfo,
  BlobStat,
  Digest,
  GetBlobOptions,
  OperationOptions,
  PutBlobOptions,
  SourceOffers,
} from "@drayage/core";
import { layoutFile } from "@drayage/image-layout";
import type { IndexChange, LayoutFileName, LayoutWriter, StoredBlob } from "@drayage/image-layout";

import type { ArchiveUpdate } from "../access/archive-update.ts";
import { hasBytesOf } from "../access/has-bytes-of.ts";
import { blobPath, rejectDockerArchive, TarLayout } from "./tar-layout.ts";

/** Options of `ArchiveLayout.open`. */
export interface ArchiveLayoutOptions extends OperationOptions {
  /** Whether existing images are kept. Otherwise the archive holds only the new images and the blobs they need. */
  readonly append: boolean;
}

/** An OCI image layout in a tar file that is being written. Closes the update. */
export class ArchiveLayout implements LayoutWriter {
  readonly #update: ArchiveUpdate;
  readonly #append: boolean;
  /** The existing layout. */
  #before: TarLayout | undefined;

  private constructor(update: ArchiveUpdate, append: boolean) {
    this.#update = update;
    this.#append = append;
    this.#before = update.before && new TarLayout(update.before);
  }

  /** @throws ImageError `unsupported` if `append` is set and the existing file is a docker archive */
  static async open(
    update: ArchiveUpdate,
    { append, ...options }: ArchiveLayoutOptions,
  ): Promise<ArchiveLayout> {
    try {
      if (append && update.before) await rejectDockerArchive(update.before, options);
      return new ArchiveLayout(update, append);
    } catch (error) {
      await update[Symbol.asyncDispose]();
      throw error;
    }
  }

  get location(): string {
    return this.#update.location;
  }

  get accepts(): LayoutWriter["accepts"] {
    return { parallelBlobs: this.#update.parallelBlobs, reuseBuffers: true };
  }

  get offers(): SourceOffers {
    return this.#before?.offers ?? { parallelBlobs: 1, ranges: true, isLocal: true };
  }

  async readFile(
    name: LayoutFileName,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    return this.#before?.readFile(name, options);
  }

  async statBlob(digest: Digest, options: OperationOptions = {}): Promise<BlobStat | undefined> {
    const size = this.#update.sizeOf(digest);
    return size === undefined ? this.#before?.statBlob(digest, options) : { size };
  }

  async isIntact(blob: StoredBlob, options: OperationOptions = {}): Promise<boolean> {
    if (this.#update.sizeOf(blob.digest) !== undefined) return true;
    return (
      this.#before !== undefined && hasBytesOf(this.#before.getBlob(blob.digest, options), blob)
    );
  }

  async *getBlob(
    digest: Digest,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (this.#before === undefined)
      throw new ImageError("not-found", `No ${digest} in ${this.location}`);
    yield* this.#before.getBlob(digest, options);
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    return this.#update.putBlob(bytes, blob, options);
  }

  async updateIndex(
    { next, findReused, afterwards }: IndexChange,
    options: OperationOptions = {},
  ): Promise<void> {
    const reused = this.#append ? [] : await findReused?.();
    const needed = new Set(Array.from(reused ?? [], blobPath));
    await this.#update.commit(async (current) => {
      if (this.#append && current) await rejectDockerArchive(current, options);
      this.#before = current && new TarLayout(current);
      const before = this.#append ? await this.readFile("index.json", options) : undefined;
      const files = new Map([
        ["index.json", await next(before)],
        ["oci-layout", layoutFile],
      ]);
      return { files, keeps: (path) => this.#append || needed.has(path) };
    }, options);
    await afterwards?.();
  }

  /** Without `updateIndex` the archive stays unchanged. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#update[Symbol.asyncDispose]();
  }
}
