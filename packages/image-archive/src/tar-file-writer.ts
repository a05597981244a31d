import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import { digestHasher, ImageError } from "@drayage/core";
import type { BlobInfo, OperationOptions } from "@drayage/core";
import { BatchWriter, inTurn, onDisk } from "@drayage/core/files";
import type { StoredBlob } from "@drayage/image-layout";

import { spooled } from "./spool.ts";
import { blockSize, formatTarHeader, padded } from "./tar-header.ts";

/** Where members lie that are there for the space that they take. */
export const unusedFolder = ".unused/";

/** A place in the file for a header and a content. */
interface Region {
  readonly start: number;
  /** Of the content, in whole blocks. */
  readonly size: number;
}

/**
 * A tar file that is written at several places at once: members of known size get their place before they come. Of the
 * others one grows at the end, and those that come meanwhile wait in temporary files.
 */
export class TarFileWriter implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;
  /** Places of members that failed, to be used again. */
  #holes: readonly Region[] = [];
  #end = 0;
  /** Whether a member is being written of which nobody knows the end. */
  #isGrowing = false;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  static async create(file: string, mode: number): Promise<TarFileWriter> {
    return new TarFileWriter(file, await onDisk(file, () => open(file, "wx", mode)));
  }

  /** Writes a member that is named when its digest is known; where `nameOf` gives no name, and where it fails, there is none. */
  async add(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    nameOf: (stored: StoredBlob) => string | undefined,
    options: OperationOptions = {},
  ): Promise<StoredBlob> {
    const { digest, size } = blob;
    if (size !== undefined) return this.#addKnown(bytes, { digest, size }, nameOf, options);
    if (!this.#isGrowing) return this.#addGrowing(bytes, blob, nameOf, options);
    const folder = path.dirname(this.#file);
    await using spool = await spooled(bytes, this.#file, { ...options, folder });
    const content = spool.read({ start: 0 }, options);
    return await this.#addKnown(content, { digest, size: spool.size }, nameOf, options);
  }

  /** Writes what is a member already, with its headers, once nothing else is being added. */
  async addRaw(
    bytes: AsyncIterable<Uint8Array>,
    size: number,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    const place = { start: this.#end, size: padded(size) };
    const writer = new BatchWriter(this.#handle, this.#file, place);
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      await writer.write(chunk);
    }
    await writer.write(new Uint8Array(padded(size) - size));
    await writer.finish();
    this.#end += padded(size);
  }

  /** Two empty blocks end a tar file. All of it is on the disk afterwards. */
  async finish(): Promise<void> {
    for (const [at, { start, size }] of this.#holes.entries())
      await this.#writeHeader(`${unusedFolder}${at}`, start, size);
    await onDisk(this.#file, async () => {
      await this.#handle.truncate(this.#end);
      await this.#handle.truncate(this.#end + 2 * blockSize);
      await this.#handle.datasync();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #addKnown(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest"> & { readonly size: number },
    nameOf: (stored: StoredBlob) => string | undefined,
    { signal }: OperationOptions,
  ): Promise<StoredBlob> {
    const region = await this.#allocate(padded(blob.size), signal);
    try {
      const stored = await this.#fill(region, bytes, blob, signal);
      const name = nameOf(stored);
      if (name === undefined) this.#release(region);
      else await this.#writeHeader(name, region.start, blob.size);
      return stored;
    } catch (error) {
      this.#release(region);
      throw error;
    }
  }

  /** Nobody gets a place as long as it is not known where this one ends. */
  async #addGrowing(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest">,
    nameOf: (stored: StoredBlob) => string | undefined,
    { signal }: OperationOptions,
  ): Promise<StoredBlob> {
    this.#isGrowing = true;
    try {
      return await inTurn(this.#file, signal, async () => {
        const start = this.#end;
        const stored = await this.#fill({ start, size: 0 }, bytes, blob, signal);
        const name = nameOf(stored);
        if (name === undefined) return stored;
        await this.#writeHeader(name, start, stored.size);
        this.#end = start + blockSize + padded(stored.size);
        return stored;
      });
    } finally {
      this.#isGrowing = false;
    }
  }

  async #fill(
    { start }: Region,
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    signal: AbortSignal | undefined,
  ): Promise<StoredBlob> {
    const place = { start: start + blockSize, size: blob.size && padded(blob.size) };
    const writer = new BatchWriter(this.#handle, this.#file, place);
    const hasher = blob.digest === undefined ? digestHasher() : undefined;
    let size = 0;
    try {
      for await (const chunk of bytes) {
        signal?.throwIfAborted();
        size += chunk.byteLength;
        if (size > (blob.size ?? Infinity)) throw wrongSize(blob, "more");
        hasher?.update(chunk);
        await writer.write(chunk);
      }
      if (size < (blob.size ?? 0)) throw wrongSize(blob, `only ${size}`);
      await writer.write(new Uint8Array(padded(size) - size));
    } finally {
      await writer.finish();
    }
    signal?.throwIfAborted();
    const digest = blob.digest ?? hasher?.digest();
    if (digest === undefined) throw new TypeError("No digest");
    return { digest, size };
  }

  async #allocate(size: number, signal: AbortSignal | undefined): Promise<Region> {
    const hole = this.#holes.find((one) => one.size === size);
    if (hole !== undefined) {
      this.#holes = this.#holes.filter((one) => one !== hole);
      return hole;
    }
    return inTurn(this.#file, signal, async () => {
      const region = { start: this.#end, size };
      this.#end += blockSize + size;
      return region;
    });
  }

  #release(region: Region): void {
    const end = region.start + blockSize + region.size;
    if (end === this.#end) this.#end = region.start;
    else this.#holes = [...this.#holes, region];
  }

  async #writeHeader(name: string, at: number, size: number): Promise<void> {
    const header = formatTarHeader(name, size);
    await onDisk(this.#file, () => this.#handle.write(header, 0, header.byteLength, at));
  }
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing of it was kept`,
  );
}
