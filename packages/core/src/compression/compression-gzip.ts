import zlib from "node:zlib";

import { packedInBlocks } from "./compression-blocks.ts";
import { deflated, deflateThreads } from "./deflate-threads.ts";

/**
 * One gzip member (RFC 1952), whose blocks are packed side by side: each ends at a whole byte. The same bytes always give
 * the same member, on any machine and with any version of Node.
 */
export async function* gzipped(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checksum = 0;
  let length = 0;
  const pack = async (block: Uint8Array): Promise<Uint8Array> => {
    checksum = zlib.crc32(block, checksum);
    length += block.byteLength;
    return deflated(block);
  };
  yield head;
  yield* packedInBlocks(bytes, { size: blockSize, mostHeld, pack });
  yield end(checksum, length);
}

const blockSize = 1 << 19;
/** So many that no thread waits, though streams whose destination is busy have some of them. */
const mostHeld = 6 * deflateThreads;

/** Deflated, of no time, by nobody in particular. */
const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty block that says that it is the last one. */
const lastBlock = Uint8Array.of(0x03, 0x00);

function end(checksum: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(lastBlock.byteLength + 8);
  bytes.set(lastBlock);
  bytes.writeUInt32LE(checksum, lastBlock.byteLength);
  bytes.writeUInt32LE(length % 2 ** 32, lastBlock.byteLength + 4);
  return bytes;
}
