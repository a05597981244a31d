import { ByteReader } from "./byte-reader.ts";
import { parsePaxRecords } from "./pax-records.ts";
import { blockSize, parseTarHeader } from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import { tarMember } from "./tar-member.ts";
import type { TarExtensions, TarMember } from "./tar-member.ts";
import { unsupportedLayer } from "./unsupported-layer.ts";

/** A part of a tar file. All `raw` and `content` bytes together are the file. */
export type TarPart =
  /** Headers, padding and the end. */
  | { readonly kind: "raw"; readonly bytes: Uint8Array }
  /** Follows the headers of the member and precedes its content. */
  | { readonly kind: "member"; readonly member: TarMember }
  /** Content of the last member. Valid until the next part is requested. */
  | { readonly kind: "content"; readonly bytes: Uint8Array }
  | { readonly kind: "member-end" };

/** Splits a tar file into parts. @throws ImageError `unsupported` if it is no tar file or truncated */
export async function* tarParts(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarPart, void, undefined> {
  const reader = new ByteReader(bytes);
  try {
    let extensions: TarExtensions = {};
    for (;;) {
      const block = await reader.take(blockSize);
      if (block.byteLength > 0) yield { kind: "raw", bytes: block };
      if (block.byteLength === 0 && Object.keys(extensions).length > 0) throw truncated();
      if (block.byteLength === 0 || block.equals(emptyBlock)) break;
      const header = requireHeader(block);
      if (isExtension(header)) {
        const size = padded(requireSmall(header.size));
        const content = await reader.take(size);
        if (content.byteLength < size) throw truncated();
        yield { kind: "raw", bytes: content };
        const own = content.subarray(0, header.size);
        extensions = { ...extensions, ...extensionOf(header, own) };
        continue;
      }
      const member = tarMember(header, extensions);
      extensions = {};
      yield { kind: "member", member };
      yield* contentOf(reader, member.size);
      yield { kind: "member-end" };
      const padding = padded(member.size) - member.size;
      const skipped = await reader.take(padding);
      if (skipped.byteLength < padding) throw truncated();
      if (padding > 0) yield { kind: "raw", bytes: skipped };
    }
    yield* rest(reader);
  } finally {
    await reader.close();
  }
}

const emptyBlock = Buffer.alloc(blockSize);
/** The maximum size of an extended header, as in Go. */
const maxExtension = 1 << 20;

async function* contentOf(reader: ByteReader, size: number): AsyncGenerator<TarPart> {
  for (let remaining = size; remaining > 0;) {
    const bytes = await reader.next(remaining);
    if (bytes === undefined) throw truncated();
    remaining -= bytes.byteLength;
    yield { kind: "content", bytes };
  }
}

/** What follows the first empty block: zeros, which must not hide another member from this reader. */
async function* rest(reader: ByteReader): AsyncGenerator<TarPart> {
  for (let isFirst = true; ; isFirst = false) {
    const bytes = await reader.take(isFirst ? blockSize : 1 << 16);
    if (bytes.byteLength === 0) return;
    if (isFirst && !bytes.every((byte) => byte === 0))
      throw unsupportedLayer("its tar file continues after an empty block");
    yield { kind: "raw", bytes };
  }
}

function requireHeader(block: Buffer): TarHeader {
  const header = block.byteLength < blockSize ? undefined : parseTarHeader(block);
  if (header !== undefined) return header;
  throw unsupportedLayer("it is not a tar file, or the tar file is damaged");
}

function isExtension({ type }: TarHeader): boolean {
  return ["x", "g", "L", "K"].includes(type);
}

function extensionOf({ type }: TarHeader, content: Buffer): TarExtensions {
  const end = content.indexOf(0);
  const text = end < 0 ? content : content.subarray(0, end);
  switch (type) {
    case "L":
      return { longName: text };
    case "K":
      return { longLink: text };
    case "x": {
      const records = parsePaxRecords(content);
      if (records !== undefined) return { records };
      throw unsupportedLayer("an extended header of its tar file is damaged");
    }
    // Global headers do not apply to the members of layers, as in Go.
    default:
      return {};
  }
}

function requireSmall(size: number): number {
  if (size <= maxExtension) return size;
  throw unsupportedLayer(`an extended header of its tar file has ${size} bytes`);
}

function truncated(): Error {
  return unsupportedLayer("its tar file is truncated");
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
