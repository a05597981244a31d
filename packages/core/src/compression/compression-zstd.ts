import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import zlib from "node:zlib";

import { Semaphore } from "../content/semaphore.ts";
import { compressedInBlocks } from "./compression-blocks.ts";

/**
 * Compresses to concatenated frames, which decompress as one stream (RFC 8878, "Frames"). The output is the same on every
 * machine with the same version of Node.
 */
export async function* zstdCompressed(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isEmpty = true;
  const compress = async (block: Uint8Array): Promise<Uint8Array> => {
    isEmpty = false;
    return semaphore.run(() => compressFrame(block));
  };
  yield* compressedInBlocks(bytes, { blockSize: blockSize, maxBlocks: 2 * threads + 2, compress });
  if (isEmpty) yield await compressFrame(new Uint8Array(0));
}

/** The uncompressed size of a frame, in bytes. */
const blockSize = 4 << 20;

/** The size of Node's pool (nodejs.org, "UV_THREADPOOL_SIZE"). One thread remains free for files and DNS. */
const threadPoolSize = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;
const threads = Math.max(1, Math.min(availableParallelism(), threadPoolSize - 1));
const semaphore = new Semaphore(threads);

const zstdCompress: (bytes: Uint8Array, options: zlib.ZstdOptions) => Promise<Uint8Array> =
  promisify(zlib.zstdCompress);

async function compressFrame(block: Uint8Array): Promise<Uint8Array> {
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = zlib.constants;
  return zstdCompress(block, {
    params: { [ZSTD_c_compressionLevel]: 3, [ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: block.byteLength,
    // Large enough for the whole result, so that one task of the thread suffices.
    chunkSize: block.byteLength + (block.byteLength >> 8) + 1024,
  });
}
