import { rm, stat } from "node:fs/promises";
import path from "node:path";

import { algorithmOf, hexOf, ImageError } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  BlobStat,
  Digest,
  GetBlobOptions,
  OperationOptions,
  PutBlobOptions,
  SourceOffers,
} from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { indexSizeLimit, layoutFile } from "@drayage/image-layout";
import type { IndexChange, LayoutFileName, LayoutStore, StoredBlob } from "@drayage/image-layout";
import {
  cloneTemporary,
  fileBytes,
  fileLocation,
  filePathOf,
  hasCode,
  isIntact,
  isProtectedFile,
  lockName,
  withFileErrors,
  publish,
  readSmallFile,
  StagedFolder,
  syncFolder,
  withLock,
  writeTemporary,
} from "@drayage/transport-kit/files";
import type { TemporaryFile } from "@drayage/transport-kit/files";

/**
 * A layout in a folder. Blobs are written to a staging folder and published under the lock of `index.json`, so no other
 * process reuses a blob that may still be discarded.
 */
export class DiskLayout implements LayoutStore {
  readonly location: string;
  readonly offers: SourceOffers = { parallelBlobs: 64, ranges: true, isLocal: true };
  readonly accepts: LayoutStore["accepts"] = { parallelBlobs: 64, reuseBuffers: true };
  readonly #sharedBlobDir: string | undefined;
  readonly #stages = new Map<string, Promise<StagedFolder>>();
  readonly #staged = new Map<Digest, TemporaryFile>();

  constructor(folder: string, sharedBlobDir?: string) {
    this.location = folder;
    this.#sharedBlobDir = sharedBlobDir;
  }

  async readFile(
    name: LayoutFileName,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    return readSmallFile(this.#file(name), indexSizeLimit, options);
  }

  async statBlob(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobStat | undefined> {
    signal?.throwIfAborted();
    const size = this.#staged.get(digest)?.size ?? (await sizeOf(this.#pathOf(digest)));
    return size === undefined ? undefined : { size };
  }

  async isIntact(
    blob: StoredBlob,
    {
      trustOwnFiles = false,
      ...options
    }: OperationOptions & { readonly trustOwnFiles?: boolean } = {},
  ): Promise<boolean> {
    if (this.#staged.has(blob.digest)) return true;
    const file = this.#pathOf(blob.digest);
    const root = this.#sharedBlobDir ?? this.location;
    return (trustOwnFiles && (await isProtectedFile(file, root))) || isIntact(file, blob, options);
  }

  async *getBlob(
    digest: Digest,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* fileBytes(this.#pathOf(digest), options);
    } catch (cause) {
      if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
      throw new ImageError("not-found", `No ${digest} in ${this.location}`, { cause });
    }
  }

  locateBlob(digest: Digest): BlobLocation {
    return fileLocation(this.#pathOf(digest));
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    const stage = await this.#stageIn(this.#sharedBlobDir ?? this.location);
    const file = await writeTemporary(stage, bytes, blob, options);
    this.#staged.set(file.digest, file);
    return file;
  }

  async takeBlob(
    blob: StoredBlob,
    from: BlobLocation,
    options: OperationOptions = {},
  ): Promise<boolean> {
    const existing = filePathOf(from);
    if (existing === undefined) return false;
    const stage = await this.#stageIn(this.#sharedBlobDir ?? this.location);
    const file = await cloneTemporary(stage, existing, blob, options);
    if (file !== undefined) this.#staged.set(blob.digest, file);
    return file !== undefined;
  }

  async updateIndex(change: IndexChange, options: OperationOptions = {}): Promise<void> {
    const stage = await this.#stageIn(this.location);
    const update = async (): Promise<void> => {
      const content = await change.next(await this.readFile("index.json", options));
      options.signal?.throwIfAborted();
      const index = await writeTemporary(stage, streamOf(content), {});
      await this.#publishAll(stage, () => index.moveTo(this.#file("index.json")));
      await syncFolder(this.location);
      await change.afterwards?.();
    };
    await withLock(this.#file(lockName), update, options);
  }

  async deleteBlob(digest: Digest): Promise<void> {
    if (this.#sharedBlobDir !== undefined) return;
    await withFileErrors(this.location, () => rm(this.#pathOf(digest), { force: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stages = await Promise.allSettled(this.#stages.values());
    for (const stage of stages)
      if (stage.status === "fulfilled") await stage.value[Symbol.asyncDispose]();
  }

  /** Blobs in a shared folder are never withdrawn: another layout may reuse them as soon as they are published. */
  async #publishAll(stage: string, reveal: () => Promise<void>): Promise<void> {
    const blobs = new Map([...this.#staged].map(([digest, file]) => [this.#pathOf(digest), file]));
    const isShared = this.#sharedBlobDir !== undefined;
    if (isShared) await publish(blobs, async () => {});
    const files = new Map(isShared ? [] : blobs);
    if ((await sizeOf(this.#file("oci-layout"))) === undefined)
      files.set(this.#file("oci-layout"), await writeTemporary(stage, streamOf(layoutFile), {}));
    await publish(files, reveal);
  }

  /** Created when it is first needed, so reading leaves no files. */
  async #stageIn(folder: string): Promise<string> {
    const opened = this.#stages.get(folder) ?? StagedFolder.open(folder);
    this.#stages.set(folder, opened);
    return (await opened).stage;
  }

  #file(name: string): string {
    return path.join(this.location, name);
  }

  #pathOf(digest: Digest): string {
    const blobs = this.#sharedBlobDir ?? this.#file("blobs");
    return path.join(blobs, algorithmOf(digest), hexOf(digest));
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const status = await withFileErrors(file, () => stat(file));
    return status.isFile() ? status.size : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
