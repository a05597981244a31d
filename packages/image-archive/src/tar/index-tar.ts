import { compressionOf, gathered } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { becameShorter, brokenArchive } from "./broken-archive.ts";
import type { RandomAccessBytes } from "./random-access.ts";
import {
  extensionLimit,
  isExtension,
  joinedExtension,
  parseTarExtension,
} from "./tar-extension.ts";
import type { TarExtension } from "./tar-extension.ts";
import {
  blockSize,
  hasContent,
  isEmptyBlock,
  padded,
  parseTarHeader,
  shown,
} from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import { memberPath } from "./tar-member.ts";
import type { TarMember } from "./tar-member.ts";

/** The most headers of an archive, and characters of all their names: far more than archives of images have. */
const mostHeaders = 100_000;
const mostNameLength = 16 * 1024 * 1024;

/** The most requests to another machine for it, one after another: some minutes, and ten thousand layers. */
const mostRequests = 10_000;

/**
 * Finds all members by their headers, without reading what lies between them, up to the first empty block or the end.
 * @throws ImageError `invalid-manifest` for what is no tar file, is cut off, or has members that could be anything
 */
export async function* indexTar(
  bytes: RandomAccessBytes,
  options: OperationOptions = {},
): AsyncGenerator<TarMember, void, undefined> {
  const { place } = bytes;
  const window = new Window(bytes, options);
  let extension: TarExtension = {};
  let headerStart: number | undefined;
  let headers = 0;
  let nameLength = 0;
  for (let at = 0; at < bytes.size;) {
    options.signal?.throwIfAborted();
    const block = await window.read(at, blockSize);
    if (at === 0) refusePacked(block, place);
    if (isEmptyBlock(block)) break;
    headerStart ??= at;
    const header = withKnown(parseTarHeader(block, place, at), extension);
    const start = at + blockSize;
    if (start + header.size > bytes.size) throw cutOff(place, header.name);
    nameLength += header.name.length + header.linkName.length;
    if (++headers > mostHeaders || nameLength > mostNameLength) throw tooMany(place, header.name);
    if (isExtension(header)) {
      if (header.size > extensionLimit) throw tooLong(place, start, header.size);
      const content = await window.read(start, header.size);
      extension = joinedExtension(extension, parseTarExtension(header, content, place), place);
    } else {
      yield memberOf(header, { headerStart, start, isSparse: extension.isSparse }, place);
      extension = {};
      headerStart = undefined;
    }
    at = start + padded(header.size);
  }
  if (headerStart !== undefined) throw cutOff(place, extension.name ?? "a member");
}

function refusePacked(start: Uint8Array, place: string): void {
  const compression = compressionOf(start);
  if (compression !== "none")
    throw brokenArchive(place, `it is packed with ${compression}; unpack it first`);
}

/** What was told of a member is not told of further headers before it, and does not give content to a link. */
function withKnown(header: TarHeader, { name, linkName, size }: TarExtension): TarHeader {
  if (isExtension(header)) return header;
  return {
    type: header.type,
    name: name ?? header.name,
    linkName: linkName ?? header.linkName,
    size: (hasContent(header) ? size : undefined) ?? header.size,
  };
}

interface MemberPlace {
  readonly headerStart: number;
  readonly start: number;
  readonly isSparse: boolean | undefined;
}

function memberOf(
  { type, name, linkName, size }: TarHeader,
  { headerStart, start, isSparse = false }: MemberPlace,
  place: string,
): TarMember {
  if (type === "S" || isSparse)
    throw brokenArchive(place, `${shown(name)} is a sparse file; pack it again without holes`);
  const isFolder = name.endsWith("/");
  if (isFolder && size > 0)
    throw brokenArchive(
      place,
      `${shown(name)} is a folder with content, or a file with a wrong name`,
    );
  const kind = isFolder ? "other" : (kinds[type] ?? "other");
  return { path: memberPath(name, place), kind, linkName, headerStart, start, size };
}

const kinds: Readonly<Record<string, TarMember["kind"]>> = {
  "0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
};

function cutOff(place: string, name: string): Error {
  return brokenArchive(place, `it ends in the middle of ${shown(name)}: it was cut off`);
}

function tooMany(place: string, name: string): Error {
  const bounds = `${mostHeaders} with names of ${mostNameLength} characters are allowed`;
  return brokenArchive(
    place,
    `it has too many members; ${shown(name)} was one too many: ${bounds}`,
  );
}

function tooFarApart(place: string, at: number): Error {
  const why = `to find its members takes more than ${mostRequests} requests, of which the last was for byte ${at}`;
  return brokenArchive(place, `${why}; if it is meant so, read it from a disk`);
}

function tooLong(place: string, at: number, size: number): Error {
  return brokenArchive(place, `at byte ${at} is a name or are records of ${size} bytes`);
}

/** Headers near each other are read together. */
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
    const isHeld = at >= this.#start && at + length <= this.#start + this.#content.byteLength;
    if (!isHeld) await this.#fill(at, length);
    return this.#content.subarray(at - this.#start, at - this.#start + length);
  }

  async #fill(at: number, length: number): Promise<void> {
    const { place, size, isRemote } = this.#bytes;
    if (at + length > size)
      throw brokenArchive(place, `it ends in the middle of the header at byte ${at}`);
    if (isRemote && ++this.#requests > mostRequests) throw tooFarApart(place, at);
    const end = Math.min(at + Math.max(length, windowSize), size);
    this.#content = await gathered(
      this.#bytes.read({ start: at, end: end - 1 }, this.#options),
      end - at,
    );
    this.#start = at;
    if (this.#content.byteLength < end - at) throw becameShorter(place);
  }
}
