import { compressionOf, gathered } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { brokenArchive } from "./broken-archive.ts";
import type { RandomAccessBytes } from "./random-access.ts";
import { extensionLimit, isExtension, parseTarExtension } from "./tar-extension.ts";
import type { TarExtension } from "./tar-extension.ts";
import { blockSize, padded, parseTarHeader, shown } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import { memberPath } from "./tar-member.ts";
import type { TarMember } from "./tar-member.ts";

/** The most headers of an archive, and bytes of all their names: a hundred times what a large archive of images has. */
const mostHeaders = 250_000;
const mostNameBytes = 32 * 1024 * 1024;

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
  let headerStart = 0;
  let headers = 0;
  let nameBytes = 0;
  for (let at = 0; at < bytes.size;) {
    options.signal?.throwIfAborted();
    const block = await window.block(at);
    if (at === 0) refusePacked(block, place);
    if (block.every((byte) => byte === 0)) return;
    const header = withKnown(parseTarHeader(block, place, at), extension);
    const start = at + blockSize;
    if (start + header.size > bytes.size) throw cutOff(place, header.name);
    nameBytes += header.name.length + header.linkName.length;
    if (++headers > mostHeaders || nameBytes > mostNameBytes)
      throw brokenArchive(place, `it has too many members; ${shown(header.name)} was one too many`);
    if (isExtension(header)) {
      const content = await contentOf(bytes, start, header, options);
      extension = { ...extension, ...parseTarExtension(header, content, place) };
    } else {
      yield memberOf(header, { headerStart, start, isSparse: extension.isSparse }, place);
      extension = {};
    }
    at = start + padded(header.size);
    if (Object.keys(extension).length === 0) headerStart = at;
  }
}

function refusePacked(start: Uint8Array, place: string): void {
  const compression = compressionOf(start);
  if (compression !== "none")
    throw brokenArchive(place, `it is packed with ${compression}; unpack it first`);
}

function withKnown(header: TarHeader, { name, linkName, size }: TarExtension): TarHeader {
  return {
    type: header.type,
    name: name ?? header.name,
    linkName: linkName ?? header.linkName,
    size: size ?? header.size,
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
  const kind = isFolder ? "other" : (kinds[type] ?? "other");
  return { path: memberPath(name, place), kind, linkName, headerStart, start, size };
}

const kinds: Readonly<Record<string, TarMember["kind"]>> = {
  "0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
};

async function contentOf(
  bytes: RandomAccessBytes,
  start: number,
  { size }: TarHeader,
  options: OperationOptions,
): Promise<Uint8Array> {
  if (size > extensionLimit)
    throw brokenArchive(bytes.place, `at byte ${start} is a name of ${size} bytes`);
  if (size === 0) return new Uint8Array(0);
  return gathered(bytes.read({ start, end: start + size - 1 }, options), extensionLimit);
}

function cutOff(place: string, name: string): Error {
  return brokenArchive(place, `it ends in the middle of ${shown(name)}: it was cut off`);
}

/** Blocks near each other are read together. */
const windowSize = 1 << 16;

class Window {
  readonly #bytes: RandomAccessBytes;
  readonly #options: OperationOptions;
  #start = 0;
  #content: Uint8Array = new Uint8Array(0);

  constructor(bytes: RandomAccessBytes, options: OperationOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  async block(at: number): Promise<Uint8Array> {
    const { place, size } = this.#bytes;
    if (at + blockSize > size)
      throw brokenArchive(place, `it ends in the middle of the header at byte ${at}`);
    if (at < this.#start || at + blockSize > this.#start + this.#content.byteLength) {
      const end = Math.min(at + windowSize, size) - 1;
      this.#start = at;
      this.#content = await gathered(this.#bytes.read({ start: at, end }, this.#options), size);
    }
    const from = at - this.#start;
    const block = this.#content.subarray(from, from + blockSize);
    if (block.byteLength === blockSize) return block;
    throw brokenArchive(place, `it became shorter while it was read`);
  }
}
