import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

import type { BlobInfo, DigestAlgorithm, OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import {
  BatchWriter,
  FileSync,
  handleBytes,
  withMutex,
  withFileErrors,
  withWriteErrors,
} from "@drayage/transport-kit/files";

import { spooled } from "../access/spool.ts";
import { HeadAndRest } from "./head-and-rest.ts";
import { blockSize, formatTarHeader, padded } from "./tar-header.ts";
import { TarSpace } from "./tar-space.ts";
import type { TarRegion } from "./tar-space.ts";
import { writeContent } from "./write-content.ts";

/** The folder of members that only fill unused space. */
export const unusedFolder = ".unused/";

/** A member to write. */
export interface NewTarMember extends Pick<BlobInfo, "digest" | "size"> {
  /** The estimated size if `size` is unknown. */
  readonly sizeHint?: number | undefined;
  /** The algorithm of the digest if `digest` is unknown. Default sha256. */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
  /** The size of the header for the name that `nameOf` will return, in bytes. Default: one block. */
  readonly headerSize?: number | undefined;
  /** Returns the name of the complete member; undefined discards it. */
  readonly nameOf: (stored: StoredBlob) => string | undefined;
}

/**
 * Writes members to a tar file concurrently. A member of known or estimated size gets its region before its content
 * arrives. Of the other members, one grows at the end of the file; the rest are spooled to temporary files.
 */
export class TarFileWriter implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #sync: FileSync;
  readonly #space = new TarSpace();
  /** Whether a member of unknown size is being written. */
  #isGrowing = false;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
    this.#sync = new FileSync(handle);
  }

  static async create(file: string, mode: number): Promise<TarFileWriter> {
    return new TarFileWriter(file, await withWriteErrors(file, () => open(file, "wx+", mode)));
  }

  /** Adds a member; one that fails leaves nothing in the file. Computes the digest if it is unknown. */
  async add(
    bytes: AsyncIterable<Uint8Array>,
    member: NewTarMember,
    options: OperationOptions = {},
  ): Promise<StoredBlob> {
    const { size, sizeHint } = member;
    if (size !== undefined) return this.#addKnown(bytes, member, size, options);
    if (sizeHint !== undefined) return this.#addExpected(bytes, member, sizeHint, options);
    if (!this.#isGrowing) return this.#addGrowing(bytes, member, options);
    const folder = path.dirname(this.#file);
    await using spool = await spooled(bytes, this.#file, { ...options, folder });
    const content = spool.read({ start: 0 }, { ...options, reuseBuffers: true });
    return await this.#addKnown(content, member, spool.size, options);
  }

  /** Copies a member with its headers, after all other members were added. */
  async addRaw(
    bytes: AsyncIterable<Uint8Array>,
    size: number,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    const region = { start: this.#space.end, size: padded(size) };
    const writer = new BatchWriter(this.#handle, this.#file, region);
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      await writer.write(chunk);
    }
    await writer.write(new Uint8Array(padded(size) - size));
    await writer.finish();
    this.#space.takeEnd(padded(size) - blockSize);
  }

  /** Writes the two empty blocks that end a tar file, and flushes it to disk. */
  async finish(): Promise<void> {
    const { holes, end } = this.#space;
    for (const [at, { start, size }] of holes.entries())
      await this.#writeHeader(`${unusedFolder}${at}`, start, size, blockSize);
    await withFileErrors(this.#file, async () => {
      await this.#handle.truncate(end);
      await this.#handle.truncate(end + 2 * blockSize);
      await this.#sync.finish();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sync.stop();
    await this.#handle.close();
  }

  async #addKnown(
    bytes: AsyncIterable<Uint8Array>,
    { digest, digestAlgorithm, nameOf, headerSize = blockSize }: NewTarMember,
    size: number,
    { signal }: OperationOptions,
  ): Promise<StoredBlob> {
    const region = await this.#take(size + headerSize - blockSize, signal);
    let isTaken = false;
    try {
      const content = contentOf(region, headerSize);
      const stored = await this.#fill(content, bytes, { digest, digestAlgorithm, size }, signal);
      const name = nameOf(stored);
      if (name !== undefined) await this.#writeHeader(name, region.start, size, headerSize);
      isTaken = name !== undefined;
      return stored;
    } finally {
      if (!isTaken) this.#space.release(region);
    }
  }

  async #addExpected(
    bytes: AsyncIterable<Uint8Array>,
    member: NewTarMember,
    sizeHint: number,
    options: OperationOptions,
  ): Promise<StoredBlob> {
    const { digest, digestAlgorithm, nameOf, headerSize = blockSize } = member;
    const region = await this.#take(sizeHint + headerSize - blockSize, options.signal);
    const content = contentOf(region, headerSize);
    const parts = new HeadAndRest(bytes, sizeHint);
    let isTaken = false;
    try {
      const stored = await this.#fill(
        content,
        parts.head(),
        { digest, digestAlgorithm },
        options.signal,
      );
      if (parts.hasRest) {
        const all = this.#joined(content, sizeHint, parts.rest());
        return await this.add(all, { digest, digestAlgorithm, nameOf, headerSize }, options);
      }
      const name = nameOf(stored);
      if (name === undefined) return stored;
      await this.#writeHeader(name, region.start, stored.size, headerSize);
      isTaken = true;
      this.#space.shorten(region, stored.size + headerSize - blockSize);
      return stored;
    } finally {
      if (!isTaken) this.#space.release(region);
      await parts.close();
    }
  }

  /** The content of a member that exceeds its region: the part that was written, then the rest. */
  async *#joined(
    { start }: TarRegion,
    size: number,
    rest: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (size > 0) yield* handleBytes(this.#handle, { range: { start, end: start + size - 1 } });
    yield* rest;
  }

  /** No other region is assigned at the end of the file until this member is complete. */
  async #addGrowing(
    bytes: AsyncIterable<Uint8Array>,
    { digest, digestAlgorithm, nameOf, headerSize = blockSize }: NewTarMember,
    { signal }: OperationOptions,
  ): Promise<StoredBlob> {
    this.#isGrowing = true;
    try {
      return await withMutex(this.#file, signal, async () => {
        const region = this.#space.startGrowing();
        let taken: number | undefined;
        try {
          const content = contentOf(region, headerSize);
          const stored = await this.#fill(content, bytes, { digest, digestAlgorithm }, signal);
          const name = nameOf(stored);
          if (name === undefined) return stored;
          await this.#writeHeader(name, region.start, stored.size, headerSize);
          taken = stored.size + headerSize - blockSize;
          return stored;
        } finally {
          this.#space.endGrowing(taken);
        }
      });
    } finally {
      this.#isGrowing = false;
    }
  }

  async #fill(
    content: TarRegion,
    bytes: AsyncIterable<Uint8Array>,
    { digestAlgorithm, ...blob }: Pick<NewTarMember, "digest" | "digestAlgorithm" | "size">,
    signal: AbortSignal | undefined,
  ): Promise<StoredBlob> {
    const batches = new BatchWriter(this.#handle, this.#file, content);
    const write = async (chunk: Uint8Array): Promise<void> => {
      await batches.write(chunk);
      this.#sync.written(chunk.byteLength);
    };
    const finish = async (): Promise<void> => batches.finish();
    return writeContent({ write, finish }, bytes, blob, { digestAlgorithm, signal });
  }

  async #take(size: number, signal: AbortSignal | undefined): Promise<TarRegion> {
    const hole = this.#space.takeHole(size);
    return hole ?? withMutex(this.#file, signal, async () => this.#space.takeEnd(size));
  }

  async #writeHeader(name: string, at: number, size: number, headerSize: number): Promise<void> {
    const header = formatTarHeader(name, size);
    if (header.byteLength !== headerSize)
      throw new TypeError(`The header of ${name} needs ${header.byteLength} bytes`);
    await withFileErrors(this.#file, () => this.#handle.write(header, 0, header.byteLength, at));
  }
}

/** The region of the content behind a header of this size. */
function contentOf({ start, size }: TarRegion, headerSize: number): TarRegion {
  return { start: start + headerSize, size: size - (headerSize - blockSize) };
}
