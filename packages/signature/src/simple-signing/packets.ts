import { inflateRawSync, inflateSync } from "node:zlib";

/** A packet of an OpenPGP message (RFC 9580, section 4). */
export interface Packet {
  readonly tag: number;
  readonly body: Buffer;
}

/** The tags of the packets of a signed message. */
export const packetTags: Readonly<
  Record<"signature" | "onePassSignature" | "compressed" | "literal", number>
> = { signature: 2, onePassSignature: 4, compressed: 8, literal: 11 };

/** A signed payload has a few hundred bytes. */
export const maxMessageBytes: number = 1024 * 1024;

/**
 * The packets of a message, without its outer compression. Undefined for bytes that are not whole packets, and for
 * features that signed payloads do not use, such as partial lengths.
 */
export function packetsOf(bytes: Uint8Array): readonly Packet[] | undefined {
  const packets = wholePackets(Buffer.from(bytes));
  const [first, ...others] = packets ?? [];
  if (first?.tag !== packetTags.compressed || others.length > 0) return packets;
  const content = decompressed(first.body);
  return content && wholePackets(content);
}

function wholePackets(bytes: Buffer): readonly Packet[] | undefined {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const header = headerAt(bytes, at);
    if (header === undefined || header.end > bytes.byteLength) return undefined;
    packets.push({ tag: header.tag, body: bytes.subarray(header.start, header.end) });
    at = header.end;
  }
  return packets;
}

/** The tag of a packet, and the positions of its body. */
function headerAt(
  bytes: Buffer,
  at: number,
): { readonly tag: number; readonly start: number; readonly end: number } | undefined {
  const first = bytes[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  return (first & 0x40) === 0 ? oldHeader(bytes, at, first) : newHeader(bytes, at, first);
}

function oldHeader(bytes: Buffer, at: number, first: number): ReturnType<typeof headerAt> {
  const tag = (first >> 2) & 0x0f;
  const size = [1, 2, 4, 0][first & 3] ?? 0;
  const start = at + 1 + size;
  if (start > bytes.byteLength) return undefined;
  // An indeterminate length extends to the end.
  const end = size === 0 ? bytes.byteLength : start + bytes.readUIntBE(at + 1, size);
  return { tag, start, end };
}

function newHeader(bytes: Buffer, at: number, first: number): ReturnType<typeof headerAt> {
  const tag = first & 0x3f;
  const one = bytes[at + 1] ?? 255;
  if (one < 192) return { tag, start: at + 2, end: at + 2 + one };
  if (one < 224) {
    const length = ((one - 192) << 8) + (bytes[at + 2] ?? 0) + 192;
    return { tag, start: at + 3, end: at + 3 + length };
  }
  if (one !== 255 || at + 6 > bytes.byteLength) return undefined;
  return { tag, start: at + 6, end: at + 6 + bytes.readUInt32BE(at + 2) };
}

/** ZIP is algorithm 1, ZLIB 2 (RFC 9580, section 9.4). */
function decompressed(body: Buffer): Buffer | undefined {
  const options = { maxOutputLength: maxMessageBytes };
  try {
    if (body[0] === 1) return inflateRawSync(body.subarray(1), options);
    return body[0] === 2 ? inflateSync(body.subarray(1), options) : undefined;
  } catch {
    return undefined;
  }
}
