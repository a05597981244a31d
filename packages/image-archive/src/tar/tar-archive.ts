import { createHash } from "node:crypto";

import { gathered } from "@drayage/core";
import type { GetBlobOptions, OperationOptions, SourceOffers } from "@drayage/core";

import { becameShorter, brokenArchive } from "./broken-archive.ts";
import { indexTar } from "./index-tar.ts";
import type { RandomAccessBytes, ReadOptions } from "./random-access.ts";
import { shown } from "./tar-header.ts";
import { linkTarget, memberPath, notAFile } from "./tar-member.ts";
import type { TarMember } from "./tar-member.ts";

/** A tar file whose members are known, to be read in any order and at once. Closes the bytes. */
export class TarArchive implements AsyncDisposable {
  readonly place: string;
  /** In the order of the file. */
  readonly members: readonly TarMember[];
  readonly #bytes: RandomAccessBytes;
  readonly #byPath: ReadonlyMap<string, readonly TarMember[]>;
  /** Of the paths that are there more than once, those that were found to be the same. */
  readonly #same = new Set<string>();

  private constructor(bytes: RandomAccessBytes, members: readonly TarMember[]) {
    this.place = bytes.place;
    this.members = members;
    this.#bytes = bytes;
    this.#byPath = Map.groupBy(members, ({ path }) => path);
  }

  /** Reads the headers and nothing else. @throws ImageError `invalid-manifest` that names the member that is wrong */
  static async open(bytes: RandomAccessBytes, options: OperationOptions = {}): Promise<TarArchive> {
    try {
      const members = await Array.fromAsync(indexTar(bytes, options));
      if (members.length > 0) return new TarArchive(bytes, members);
      throw brokenArchive(bytes.place, "it is empty");
    } catch (error) {
      await bytes[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of a source of images whose blobs are members. */
  get offers(): SourceOffers {
    const { parallelReads: parallelBlobs, isRemote = false } = this.#bytes;
    const requests = isRemote ? { perBlob: 1, perManifest: 1 } : undefined;
    return { parallelBlobs, ranges: true, requests };
  }

  /**
   * The file of that name, also behind links; undefined where there is none.
   * @throws ImageError `invalid-manifest` for what is no file, leads out, or is there twice with different content
   */
  async find(name: string, options: OperationOptions = {}): Promise<TarMember | undefined> {
    let wanted = memberPath(name, this.place);
    for (let hops = 0; hops < mostHops; hops++) {
      const found = this.#byPath.get(wanted);
      if (found === undefined) return undefined;
      const member = await this.#only(found, options);
      if (member.kind === "file") return member;
      if (member.kind === "other") throw notAFile(member, this.place);
      wanted = linkTarget(member, this.place);
    }
    throw brokenArchive(this.place, `links lead from ${shown(name)} in a circle`);
  }

  /** The content of a member, or a range of it. Lazy. */
  async *read(
    { start, size }: TarMember,
    { range, ...options }: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    const from = start + (range?.start ?? 0);
    const end = start + Math.min(range?.end ?? Infinity, size - 1);
    if (from <= end) yield* this.#bytesBetween(from, end, options);
  }

  /** A small file as a whole; undefined where there is none. @throws ImageError as `find`, and above `limit` bytes */
  async readSmall(
    name: string,
    limit: number,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    const member = await this.find(name, options);
    if (member === undefined) return undefined;
    if (member.size > limit)
      throw brokenArchive(
        this.place,
        `${shown(name)} has ${member.size} bytes; ${limit} are allowed`,
      );
    return gathered(this.read(member, options), limit);
  }

  /** A member as it lies in the file, with its headers and without what fills its last block. Lazy. */
  raw(
    { headerStart, start, size }: TarMember,
    options: ReadOptions = {},
  ): { readonly bytes: AsyncIterable<Uint8Array>; readonly size: number } {
    const end = start + size;
    return { bytes: this.#bytesBetween(headerStart, end - 1, options), size: end - headerStart };
  }

  /** Closes the bytes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bytes[Symbol.asyncDispose]();
  }

  /** All of them, or an error. */
  async *#bytesBetween(
    start: number,
    end: number,
    options: ReadOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let left = end + 1 - start;
    for await (const chunk of this.#bytes.read({ start, end }, options)) {
      left -= chunk.byteLength;
      yield chunk;
    }
    if (left !== 0) throw becameShorter(this.place);
  }

  /** The last of several is what would be unpacked, and others read the first: they have to be the same. */
  async #only(
    [first, ...others]: readonly TarMember[],
    options: OperationOptions,
  ): Promise<TarMember> {
    if (first === undefined) throw new RangeError("No member");
    if (others.length === 0 || this.#same.has(first.path)) return first;
    const content = await this.#contentHash(first, options);
    for (const other of others) {
      const isSame =
        other.kind === first.kind &&
        other.size === first.size &&
        other.linkName === first.linkName &&
        (await this.#contentHash(other, options)) === content;
      if (!isSame)
        throw brokenArchive(this.place, `${shown(first.path)} is there twice, and not the same`);
    }
    this.#same.add(first.path);
    return first;
  }

  async #contentHash(member: TarMember, options: OperationOptions): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of this.read(member, options)) hash.update(chunk);
    return hash.digest("hex");
  }
}

const mostHops = 10;
