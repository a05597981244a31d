import zlib from "node:zlib";

import type { LayerCompression } from "@drayage/core/manifest";

const maxDeflateBlock = 0xffff;
const maxZstdBlock = 1 << 17;

/**
 * Encodes bytes as a valid gzip or zstd file without compression. The output does not depend on a compressor version,
 * so tests can contain its digest.
 */
export function storedEncoding(bytes: Uint8Array, compression: LayerCompression): Uint8Array {
  switch (compression) {
    case "none":
      return bytes;
    case "gzip":
      return storedGzip(bytes);
    case "zstd":
      return storedZstd(bytes);
  }
}

/** RFC 1952 around blocks of RFC 1951, section 3.2.4. */
function storedGzip(bytes: Uint8Array): Uint8Array {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
  const blocks = slices(bytes, maxDeflateBlock).flatMap(({ slice, isLast }) => {
    const start = Buffer.alloc(5);
    start.writeUInt8(isLast ? 1 : 0, 0);
    start.writeUInt16LE(slice.byteLength, 1);
    start.writeUInt16LE(slice.byteLength ^ 0xffff, 3);
    return [start, slice];
  });
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(zlib.crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.byteLength % 2 ** 32, 4);
  return Buffer.concat([header, ...blocks, trailer]);
}

/** RFC 8878: one frame of raw blocks with a window of 128 KiB and neither content size nor checksum. */
function storedZstd(bytes: Uint8Array): Uint8Array {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (17 - 10) << 3]);
  const blocks = slices(bytes, maxZstdBlock).flatMap(({ slice, isLast }) => {
    const start = Buffer.alloc(3);
    start.writeUIntLE((slice.byteLength << 3) | (isLast ? 1 : 0), 0, 3);
    return [start, slice];
  });
  return Buffer.concat([header, ...blocks]);
}

/** At least one slice, which may be empty. */
function slices(
  bytes: Uint8Array,
  size: number,
): readonly { readonly slice: Uint8Array; readonly isLast: boolean }[] {
  const count = Math.max(Math.ceil(bytes.byteLength / size), 1);
  return Array.from({ length: count }, (_, at) => ({
    slice: bytes.subarray(at * size, (at + 1) * size),
    isLast: at === count - 1,
  }));
}
