import { promisify } from "node:util";
import zlib from "node:zlib";

import { onThread, packedInBlocks } from "./compression-blocks.ts";

/**
 * One gzip member (RFC 1952), whose blocks are packed side by side: each ends at a whole byte and begins with what came
 * before it as its dictionary. The same bytes give the same member on any machine with this version of Node.
 */
export async function* gzipped(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checksum = 0;
  let size = 0;
  let window: Uint8Array = new Uint8Array(0);
  const pack = async (block: Uint8Array): Promise<Uint8Array> => {
    const dictionary = window;
    window = block.subarray(-windowSize);
    checksum = zlib.crc32(block, checksum);
    size += block.byteLength;
    return onThread(() => deflated(block, dictionary));
  };
  yield head;
  yield* packedInBlocks(bytes, blockSize, pack);
  yield end(checksum, size);
}

const blockSize = 1 << 20;
const windowSize = 1 << 15;

/** Deflated, of no time, by nobody in particular. */
const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty block that says that it is the last one. */
const lastBlock = Uint8Array.of(0x03, 0x00);

/** With this level and memory the result is as small as skopeo makes it. */
const settings: zlib.ZlibOptions = {
  level: 4,
  memLevel: 9,
  finishFlush: zlib.constants.Z_SYNC_FLUSH,
};

const deflateRaw: (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array> = promisify(
  zlib.deflateRaw,
);

async function deflated(block: Uint8Array, dictionary: Uint8Array): Promise<Uint8Array> {
  // All of the result in one piece, and so with one task for the thread.
  const chunkSize = block.byteLength + (block.byteLength >> 8) + 64;
  return deflateRaw(block, {
    ...settings,
    chunkSize,
    ...(dictionary.byteLength > 0 && { dictionary }),
  });
}

function end(checksum: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(lastBlock.byteLength + 8);
  bytes.set(lastBlock);
  bytes.writeUInt32LE(checksum, lastBlock.byteLength);
  bytes.writeUInt32LE(size % 2 ** 32, lastBlock.byteLength + 4);
  return bytes;
}
