import type { OperationOptions } from "@drayage/core";
import { compressionOf, readAll } from "@drayage/core/content";

import { truncatedWhileRead, brokenArchive } from "./broken-archive.ts";
import type { RandomAccessBytes } from "./random-access.ts";
import {
  extensionLimit,
  isExtension,
  mergedExtension,
  parseTarExtension,
} from "./tar-extension.ts";
import type { TarExtension } from "./tar-extension.ts";
import {
  blockSize,
  hasContent,
  isEmptyBlock,
  padded,
  parseTarHeader,
  quoted,
} from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import { memberPath } from "./tar-member.ts";
import type { TarMember } from "./tar-member.ts";

/** The maximum number of headers, and the maximum total length of names: far more than archives of images have. */
const maxHeaders = 100_000;
const maxNameLength = 16 * 1024 * 1024;

/** The maximum number of sequential requests for a remote archive: some minutes, and ten thousand layers. */
const maxRequests = 10_000;

/**
 * Finds all members by their headers, up to the first empty block or the end. Skips the content of members.
 * @throws ImageError `invalid-manifest` if it is not a tar file, is truncated, or has ambiguous members
 */
export async function* indexTar(
  bytes: RandomAccessBytes,
  options: OperationOptions = {},
): AsyncGenerator<TarMember, void, undefined> {
  const { location } = bytes;
  const window = new Window(bytes, options);
  let extension: TarExtension = {};
  let headerStart: number | undefined;
  let headers = 0;
  let nameLength = 0;
  for (let at = 0; at < bytes.size;) {
    options.signal?.throwIfAborted();
    const block = await window.read(at, blockSize);
    if (at === 0) rejectCompressed(block, location);
    if (isEmptyBlock(block)) break;
    headerStart ??= at;
    const header = withExtension(parseTarHeader(block, location, at), extension);
    const start = at + blockSize;
    if (start + header.size > bytes.size) throw truncated(location, header.name);
    nameLength += header.name.length + header.linkName.length;
    if (++headers > maxHeaders || nameLength > maxNameLength)
      throw tooManyMembers(location, header.name);
    if (isExtension(header)) {
      if (header.size > extensionLimit) throw tooLong(location, start, header.size);
      const content = await window.read(start, header.size);
      extension = mergedExtension(
        extension,
        parseTarExtension(header, content, location),
        location,
      );
    } else {
      yield memberOf(header, { headerStart, start, isSparse: extension.isSparse }, location);
      extension = {};
      headerStart = undefined;
    }
    at = start + padded(header.size);
  }
  if (headerStart !== undefined) throw truncated(location, extension.name ?? "a member");
}

function rejectCompressed(start: Uint8Array, location: string): void {
  const compression = compressionOf(start);
  if (compression !== "none")
    throw brokenArchive(location, `it is compressed with ${compression}; decompress it first`);
}

/**
 * Applies extended headers to a member. They do not apply to further extended headers, and do not give content to a
 * link.
 */
function withExtension(header: TarHeader, { name, linkName, size }: TarExtension): TarHeader {
  if (isExtension(header)) return header;
  return {
    type: header.type,
    name: name ?? header.name,
    linkName: linkName ?? header.linkName,
    size: (hasContent(header) ? size : undefined) ?? header.size,
  };
}

interface MemberPosition {
  readonly headerStart: number;
  readonly start: number;
  readonly isSparse: boolean | undefined;
}

function memberOf(
  { type, name, linkName, size }: TarHeader,
  { headerStart, start, isSparse = false }: MemberPosition,
  location: string,
): TarMember {
  if (type === "S" || isSparse)
    throw brokenArchive(
      location,
      `${quoted(name)} is a sparse file; create the archive again without --sparse`,
    );
  const isFolder = name.endsWith("/");
  if (isFolder && size > 0)
    throw brokenArchive(
      location,
      `${quoted(name)} is a folder with content; create the archive again`,
    );
  const kind = isFolder ? "other" : (kinds[type] ?? "other");
  return { path: memberPath(name, location), kind, linkName, headerStart, start, size };
}

const kinds: Readonly<Record<string, TarMember["kind"]>> = {
  "0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
};

function truncated(location: string, name: string): Error {
  return brokenArchive(
    location,
    `it ends in the middle of ${quoted(name)}; download or create it again`,
  );
}

function tooManyMembers(location: string, name: string): Error {
  const limits = `the limit is ${maxHeaders} members with names of ${maxNameLength} characters in total`;
  return brokenArchive(
    location,
    `it has too many members, the last read is ${quoted(name)}; ${limits}`,
  );
}

function tooManyRequests(location: string, at: number): Error {
  const why = `listing its members takes more than ${maxRequests} requests, the last one at byte ${at}`;
  return brokenArchive(location, `${why}; download it and read it from disk`);
}

function tooLong(location: string, at: number, size: number): Error {
  return brokenArchive(
    location,
    `the extended header at byte ${at} has ${size} bytes; the limit is ${extensionLimit}`,
  );
}

/** Adjacent headers are read with one request. */
const windowSize = 1 << 16;

class Window {
  readonly #bytes: RandomAccessBytes;
  readonly #options: OperationOptions;
  #start = 0;
  #content: Uint8Array = new Uint8Array(0);
  #requests = 0;

  constructor(bytes: RandomAccessBytes, options: OperationOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  async read(at: number, length: number): Promise<Uint8Array> {
    const isCached = at >= this.#start && at + length <= this.#start + this.#content.byteLength;
    if (!isCached) await this.#fill(at, length);
    return this.#content.subarray(at - this.#start, at - this.#start + length);
  }

  async #fill(at: number, length: number): Promise<void> {
    const { location, size, isRemote } = this.#bytes;
    if (at + length > size)
      throw brokenArchive(location, `it ends in the middle of the header at byte ${at}`);
    if (isRemote && ++this.#requests > maxRequests) throw tooManyRequests(location, at);
    const end = Math.min(at + Math.max(length, windowSize), size);
    this.#content = await readAll(
      this.#bytes.read({ start: at, end: end - 1 }, this.#options),
      end - at,
    );
    this.#start = at;
    if (this.#content.byteLength < end - at) throw truncatedWhileRead(location);
  }
}
