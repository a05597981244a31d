import { promisify } from "node:util";
import zlib from "node:zlib";

import { poolSemaphore } from "./pool-threads.ts";

/** Deflates one block of a stream. Must be called in the order of the blocks. */
export type DeflateBlock = (block: Uint8Array) => Promise<Uint8Array>;

/**
 * Deflates blocks with zlib at a level, on Node's thread pool. Each result ends at a byte boundary, and the end of the
 * block before is its dictionary, so that the output is as small as that of one stream.
 */
export function deflateAtLevel(level: number): DeflateBlock {
  let dictionary: Uint8Array | undefined;
  return async (block) => {
    const options = { level, dictionary, finishFlush: zlib.constants.Z_SYNC_FLUSH };
    // A copy, because the block is reused.
    dictionary = Uint8Array.from(block.subarray(-windowSize));
    return poolSemaphore.run(() => deflateRaw(block, options));
  };
}

/** The distance that a match can have (RFC 1951, 2). */
const windowSize = 32 << 10;

const deflateRaw: (bytes: Uint8Array, options: zlib.ZlibOptions) => Promise<Uint8Array> = promisify(
  zlib.deflateRaw,
);
