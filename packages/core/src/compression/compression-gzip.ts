import zlib from "node:zlib";

import { compressedInBlocks } from "./compression-blocks.ts";
import { deflateAtLevel } from "./deflate-level.ts";
import { deflated, deflateThreads } from "./deflate-threads.ts";

/**
 * Compresses to one gzip member (RFC 1952). Its blocks are compressed in parallel, and each ends at a byte boundary.
 * Without a level, the output is the same on every machine and with every version of Node.
 */
export async function* gzipped(
  bytes: AsyncIterable<Uint8Array>,
  level?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checksum = 0;
  let length = 0;
  const deflate = level === undefined ? deflated : deflateAtLevel(level);
  const compress = async (block: Uint8Array): Promise<Uint8Array> => {
    checksum = zlib.crc32(block, checksum);
    length += block.byteLength;
    return deflate(block);
  };
  yield header;
  yield* compressedInBlocks(bytes, { blockSize, maxBlocks, compress });
  yield trailer(checksum, length);
}

const blockSize = 1 << 19;
/** Enough to keep all threads busy, even if streams with a slow destination hold some blocks. */
const maxBlocks = 6 * deflateThreads;

/** Method deflate, no time, unknown operating system (RFC 1952, 2.3). */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty block with the flag of the last block (RFC 1951, 3.2.3). */
const finalBlock = Uint8Array.of(0x03, 0x00);

function trailer(checksum: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(finalBlock.byteLength + 8);
  bytes.set(finalBlock);
  bytes.writeUInt32LE(checksum, finalBlock.byteLength);
  bytes.writeUInt32LE(length % 2 ** 32, finalBlock.byteLength + 4);
  return bytes;
}
