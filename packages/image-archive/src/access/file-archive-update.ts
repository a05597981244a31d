import type { Stats } from "node:fs";
import { rename, stat } from "node:fs/promises";
import path from "node:path";

import { digestOf, hexOf, ImageError, inOne, isImageError } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import {
  hasCode,
  lockName,
  onDisk,
  StagedFolder,
  syncFolder,
  temporaryName,
  whileWriting,
  withLock,
} from "@drayage/transport-kit/files";

import { blobPath } from "../oci-archive/tar-layout.ts";
import { TarArchive } from "../tar/tar-archive.ts";
import { TarFileWriter, unusedFolder } from "../tar/tar-file-writer.ts";
import type { ArchiveChange, ArchiveUpdate } from "./archive-update.ts";
import { openFile } from "./file-access.ts";

/** How a tar file is written. */
export interface UpdateOptions extends OperationOptions {
  /** What becomes of an archive that is there; `compare` reads it, and refuses each change. */
  readonly whatIsThere: "refuse" | "compare" | "add" | "replace";
}

/** Writes a tar file beside its place, and moves it there when it is whole. */
export class FileArchiveUpdate implements ArchiveUpdate {
  readonly place: string;
  readonly before: TarArchive | undefined;
  readonly parallelBlobs = 6;
  readonly #whatIsThere: UpdateOptions["whatIsThere"];
  readonly #sizes = new Map<Digest, number>();
  #staging: Promise<Staging> | undefined;

  private constructor(
    file: string,
    whatIsThere: UpdateOptions["whatIsThere"],
    before: TarArchive | undefined,
  ) {
    this.place = file;
    this.before = before;
    this.#whatIsThere = whatIsThere;
  }

  /** Writes nothing yet; a file of no bytes counts for none. @throws ImageError `conflict`, `invalid-manifest` for what is added to */
  static async open(file: string, options: UpdateOptions): Promise<FileArchiveUpdate> {
    options.signal?.throwIfAborted();
    return new FileArchiveUpdate(file, options.whatIsThere, await archiveAt(file, options));
  }

  checkChangeable(): void {
    if (this.#whatIsThere === "compare" && this.before !== undefined)
      throw thereAlready(this.place);
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    { digest, size }: Pick<BlobInfo, "digest" | "size">,
    { sizeHint, ...options }: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    this.checkChangeable();
    const { writer } = await this.#staged();
    let named: Digest | undefined;
    const nameOf = (stored: StoredBlob): string | undefined => {
      if (this.#sizes.has(stored.digest)) return undefined;
      this.#sizes.set(stored.digest, stored.size);
      named = stored.digest;
      return blobPath(named);
    };
    try {
      return await writer.add(bytes, { digest, size, sizeHint, nameOf }, options);
    } catch (error) {
      if (named !== undefined) this.#sizes.delete(named);
      throw error;
    }
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  async commit(change: ArchiveChange, options: OperationOptions = {}): Promise<void> {
    this.checkChangeable();
    const { writer, file } = await this.#staged();
    const publish = async (): Promise<void> => {
      await this.#complete(change, writer, options);
      await writer.finish();
      options.signal?.throwIfAborted();
      // Some systems do not replace a file that is open.
      await this.before?.[Symbol.asyncDispose]();
      await whileWriting(this.place, () => rename(file, this.place));
      await syncFolder(path.dirname(this.place));
    };
    await withLock(lockOf(this.place), publish, options);
  }

  /** Without `commit` the archive is as it was, and nothing is left beside it. */
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
    // Nothing was there in the beginning: what another copy has made meanwhile stays.
    const whatIsThere = this.#whatIsThere === "compare" ? "refuse" : this.#whatIsThere;
    await using current = await archiveAt(this.place, { ...options, whatIsThere });
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
      await writer.add(inOne(content), member, options);
    }
  }

  /** Made when it is first needed: whoever only asks leaves no trace. */
  async #staged(): Promise<Staging> {
    this.#staging ??= newStaging(this.place);
    return this.#staging;
  }
}

interface Staging {
  readonly folder: StagedFolder;
  readonly file: string;
  readonly writer: TarFileWriter;
}

async function newStaging(place: string): Promise<Staging> {
  const mode = await modeOf(place);
  const folder = await StagedFolder.open(path.dirname(place));
  try {
    const file = path.join(folder.stage, temporaryName());
    return { folder, file, writer: await TarFileWriter.create(file, mode) };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

/** Beside the archive, of a name that is short enough whatever the archive is called. */
function lockOf(place: string): string {
  const id = hexOf(digestOf(Buffer.from(path.basename(place)))).slice(0, 16);
  return path.join(path.dirname(place), `${lockName}-${id}`);
}

async function archiveAt(
  file: string,
  { whatIsThere, ...options }: UpdateOptions,
): Promise<TarArchive | undefined> {
  if ((await sizeOf(file)) === 0) return undefined;
  switch (whatIsThere) {
    case "add":
      return TarArchive.open(await openFile(file), options);
    case "replace":
      return TarArchive.open(await openFile(file), options).catch(undefinedIfBroken);
    case "compare":
      return TarArchive.open(await openFile(file), options).catch((error: unknown) => {
        undefinedIfBroken(error);
        throw thereAlready(file);
      });
    case "refuse":
      throw thereAlready(file);
  }
}

function thereAlready(file: string): ImageError {
  const ways = "remove it, or add to it with append (the command's --dest-append)";
  return new ImageError("conflict", `${file} is there already: ${ways}`);
}

/** What is replaced may be of any kind; only what can be read is used again. */
function undefinedIfBroken(error: unknown): undefined {
  if (!isImageError(error) || error.code !== "invalid-manifest") throw error;
}

async function sizeOf(file: string): Promise<number> {
  const status = await statusOf(file);
  if (status?.isDirectory())
    throw new ImageError("conflict", `${file} is a folder, and an archive is a file`);
  return status?.size ?? 0;
}

/** Who may read the archive may read its next version. */
async function modeOf(file: string): Promise<number> {
  return ((await statusOf(file))?.mode ?? 0o644) & 0o777;
}

async function statusOf(file: string): Promise<Stats | undefined> {
  try {
    return await onDisk(file, () => stat(file));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
