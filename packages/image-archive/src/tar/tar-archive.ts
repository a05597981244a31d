import { createHash } from "node:crypto";

import type { GetBlobOptions, OperationOptions, SourceOffers } from "@drayage/core";
import { readAll } from "@drayage/core/content";

import { truncatedWhileRead, brokenArchive } from "./broken-archive.ts";
import { indexTar } from "./index-tar.ts";
import type { RandomAccessBytes, ReadOptions } from "./random-access.ts";
import { quoted } from "./tar-header.ts";
import { linkTarget, memberPath, notAFile } from "./tar-member.ts";
import type { TarMember } from "./tar-member.ts";

/** An indexed tar file. Members can be read concurrently and in any order. Closes the bytes. */
export class TarArchive implements AsyncDisposable {
  readonly location: string;
  /** In file order. */
  readonly members: readonly TarMember[];
  readonly #bytes: RandomAccessBytes;
  readonly #byPath: ReadonlyMap<string, readonly TarMember[]>;
  /** Duplicate paths whose members were found to be identical. */
  readonly #same = new Set<string>();

  private constructor(bytes: RandomAccessBytes, members: readonly TarMember[]) {
    this.location = bytes.location;
    this.members = members;
    this.#bytes = bytes;
    this.#byPath = Map.groupBy(members, ({ path }) => path);
  }

  /** Reads the headers only. @throws ImageError `invalid-manifest` with the name of the invalid member */
  static async open(bytes: RandomAccessBytes, options: OperationOptions = {}): Promise<TarArchive> {
    try {
      const members = await Array.fromAsync(indexTar(bytes, options));
      if (members.length > 0) return new TarArchive(bytes, members);
      throw brokenArchive(bytes.location, "it is empty");
    } catch (error) {
      await bytes[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The offers of an image source whose blobs are members. */
  get offers(): SourceOffers {
    const { parallelReads: parallelBlobs, isRemote = false } = this.#bytes;
    const offers = { parallelBlobs, ranges: true };
    return isRemote
      ? { ...offers, requests: { perBlob: 1, perManifest: 1 } }
      : { ...offers, isLocal: true };
  }

  /**
   * Finds a file by name and follows links. Returns undefined if it does not exist.
   * @throws ImageError `invalid-manifest` if it is not a regular file, links outside the archive, or has duplicates
   * with different content
   */
  async find(name: string, options: OperationOptions = {}): Promise<TarMember | undefined> {
    let wanted = memberPath(name, this.location);
    for (let hops = 0; hops < maxLinks; hops++) {
      const found = this.#byPath.get(wanted);
      if (found === undefined) return undefined;
      const member = await this.#only(found, options);
      if (member.kind === "file") return member;
      if (member.kind === "other") throw notAFile(member, this.location);
      wanted = linkTarget(member, this.location);
    }
    throw brokenArchive(this.location, `too many links from ${quoted(name)}, or a cycle`);
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

  /**
   * The content of a small file; undefined if it does not exist. @throws ImageError as `find`, and for more than
   * `limit` bytes
   */
  async readSmall(
    name: string,
    limit: number,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    const member = await this.find(name, options);
    if (member === undefined) return undefined;
    if (member.size > limit)
      throw brokenArchive(
        this.location,
        `${quoted(name)} has ${member.size} bytes; the limit is ${limit}`,
      );
    return readAll(this.read(member, options), limit);
  }

  /** A member with its headers, without the padding of its last block. Lazy. */
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

  /** Reads all bytes of the range, or throws. */
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
    if (left !== 0) throw truncatedWhileRead(this.location);
  }

  /** Extracting uses the last duplicate and other readers use the first, so all duplicates must be identical. */
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
        throw brokenArchive(
          this.location,
          `it has ${quoted(first.path)} twice with different content`,
        );
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

const maxLinks = 10;
