import type { Stats } from "node:fs";
import { rename, stat } from "node:fs/promises";
import path from "node:path";

import { digestOf, hexOf, ImageError, isImageError } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import type { StoredBlob } from "@drayage/image-layout";
import {
  hasCode,
  lockName,
  withFileErrors,
  StagedFolder,
  syncFolder,
  temporaryName,
  withWriteErrors,
  withLock,
} from "@drayage/transport-kit/files";

import { blobPath } from "../oci-archive/tar-layout.ts";
import { TarArchive } from "../tar/tar-archive.ts";
import { TarFileWriter, unusedFolder } from "../tar/tar-file-writer.ts";
import { tarHeaderSize } from "../tar/tar-header.ts";
import type { ArchiveChange, ArchiveUpdate } from "./archive-update.ts";
import { openFile } from "./file-access.ts";

/** Options of `FileArchiveUpdate.open`. */
export interface UpdateOptions extends OperationOptions {
  /** How to treat an existing archive. `compare` reads it and rejects each change. */
  readonly ifExists: "fail" | "compare" | "add" | "replace";
}

/** Writes a tar file to a temporary file in the same folder, and renames it when it is complete. */
export class FileArchiveUpdate implements ArchiveUpdate {
  readonly location: string;
  readonly before: TarArchive | undefined;
  readonly parallelBlobs = 6;
  readonly #ifExists: UpdateOptions["ifExists"];
  readonly #sizes = new Map<Digest, number>();
  #staging: Promise<Staging> | undefined;

  private constructor(
    file: string,
    ifExists: UpdateOptions["ifExists"],
    before: TarArchive | undefined,
  ) {
    this.location = file;
    this.before = before;
    this.#ifExists = ifExists;
  }

  /**
   * Opens the existing archive; an empty file counts as missing. Writes nothing.
   * @throws ImageError `conflict`; `invalid-manifest` if the archive to add to is invalid
   */
  static async open(file: string, options: UpdateOptions): Promise<FileArchiveUpdate> {
    options.signal?.throwIfAborted();
    return new FileArchiveUpdate(file, options.ifExists, await archiveAt(file, options));
  }

  checkWritable(): void {
    if (this.#ifExists === "compare" && this.before !== undefined)
      throw alreadyExists(this.location);
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    { digest, size }: Pick<BlobInfo, "digest" | "size">,
    { sizeHint, digestAlgorithm, ...options }: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    this.checkWritable();
    const { writer } = await this.#staged();
    let named: Digest | undefined;
    const nameOf = (stored: StoredBlob): string | undefined => {
      if (this.#sizes.has(stored.digest)) return undefined;
      this.#sizes.set(stored.digest, stored.size);
      named = stored.digest;
      return blobPath(named);
    };
    // All digests of an algorithm have the same length.
    const like = digest ?? digestOf(new Uint8Array(), digestAlgorithm);
    const headerSize = tarHeaderSize(blobPath(like));
    try {
      const member = { digest, digestAlgorithm, size, sizeHint, headerSize, nameOf };
      return await writer.add(bytes, member, options);
    } catch (error) {
      if (named !== undefined) this.#sizes.delete(named);
      throw error;
    }
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  async commit(change: ArchiveChange, options: OperationOptions = {}): Promise<void> {
    this.checkWritable();
    const { writer, file } = await this.#staged();
    const publish = async (): Promise<void> => {
      await this.#complete(change, writer, options);
      await writer.finish();
      options.signal?.throwIfAborted();
      // Windows does not replace an open file.
      await this.before?.[Symbol.asyncDispose]();
      await withWriteErrors(this.location, () => rename(file, this.location));
      await syncFolder(path.dirname(this.location));
    };
    await withLock(lockOf(this.location), publish, options);
  }

  /** Closes the archive. Without `commit` it stays unchanged and the temporary files are removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const staging = await this.#staging?.catch(() => undefined);
    await staging?.writer[Symbol.asyncDispose]();
    await staging?.folder[Symbol.asyncDispose]();
    await this.before?.[Symbol.asyncDispose]();
  }

  async #complete(
    change: ArchiveChange,
    writer: TarFileWriter,
    options: OperationOptions,
  ): Promise<void> {
    // The archive did not exist when the update was opened: do not replace one that another copy created meanwhile.
    const ifExists = this.#ifExists === "compare" ? "fail" : this.#ifExists;
    await using current = await archiveAt(this.location, { ...options, ifExists });
    const { files, keeps } = await change(current);
    const put = new Set([...this.#sizes.keys()].map(blobPath));
    for (const member of current?.members ?? []) {
      const { path: name } = member;
      const isGone = put.has(name) || files.has(name) || name.startsWith(unusedFolder);
      if (current === undefined || isGone || !keeps(name)) continue;
      const { bytes, size } = current.raw(member, { ...options, reuseBuffers: true });
      await writer.addRaw(bytes, size, options);
    }
    for (const [name, content] of files) {
      const member = { size: content.byteLength, nameOf: () => name };
      await writer.add(streamOf(content), member, options);
    }
  }

  /** Created on first use, so that reading leaves no files behind. */
  async #staged(): Promise<Staging> {
    this.#staging ??= newStaging(this.location);
    return this.#staging;
  }
}

interface Staging {
  readonly folder: StagedFolder;
  readonly file: string;
  readonly writer: TarFileWriter;
}

async function newStaging(location: string): Promise<Staging> {
  const mode = await modeOf(location);
  const folder = await StagedFolder.open(path.dirname(location));
  try {
    const file = path.join(folder.stage, temporaryName());
    return { folder, file, writer: await TarFileWriter.create(file, mode) };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

/** In the folder of the archive. The name is a hash, so it stays short for long names of archives. */
function lockOf(location: string): string {
  const id = hexOf(digestOf(Buffer.from(path.basename(location)))).slice(0, 16);
  return path.join(path.dirname(location), `${lockName}-${id}`);
}

async function archiveAt(
  file: string,
  { ifExists, ...options }: UpdateOptions,
): Promise<TarArchive | undefined> {
  if ((await sizeOf(file)) === 0) return undefined;
  switch (ifExists) {
    case "add":
      return TarArchive.open(await openFile(file), options);
    case "replace":
      return TarArchive.open(await openFile(file), options).catch(undefinedIfBroken);
    case "compare":
      return TarArchive.open(await openFile(file), options).catch((error: unknown) => {
        undefinedIfBroken(error);
        throw alreadyExists(file);
      });
    case "fail":
      throw alreadyExists(file);
  }
}

function alreadyExists(file: string): ImageError {
  const advice = "remove it, or add to it with append (the command's --dest-append)";
  return new ImageError("conflict", `${file} already exists; ${advice}`);
}

/** A file to replace may have any content. Members are reused only from a valid archive. */
function undefinedIfBroken(error: unknown): undefined {
  if (!isImageError(error) || error.code !== "invalid-manifest") throw error;
}

async function sizeOf(file: string): Promise<number> {
  const status = await statusOf(file);
  if (status?.isDirectory())
    throw new ImageError("conflict", `${file} is a folder; pass the path of a file`);
  return status?.size ?? 0;
}

/** Keeps the permissions of the existing archive. */
async function modeOf(file: string): Promise<number> {
  return ((await statusOf(file))?.mode ?? 0o644) & 0o777;
}

async function statusOf(file: string): Promise<Stats | undefined> {
  try {
    return await withFileErrors(file, () => stat(file));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
