import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import zlib from "node:zlib";

import { Turns } from "../content/semaphore.ts";
import { packedInBlocks } from "./compression-blocks.ts";

/**
 * Frames side by side, which is one stream to whoever unpacks it (RFC 8878, "Frames"). The same bytes give the same
 * stream on any machine with this version of Node.
 */
export async function* zstandardPacked(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isEmpty = true;
  const pack = async (block: Uint8Array): Promise<Uint8Array> => {
    isEmpty = false;
    return turns.take(() => frameOf(block));
  };
  yield* packedInBlocks(bytes, { size: frameSize, mostHeld: 2 * threads + 2, pack });
  if (isEmpty) yield await frameOf(new Uint8Array(0));
}

/** Unpacked. */
const frameSize = 4 << 20;

/** As Node sizes its pool (nodejs.org, "UV_THREADPOOL_SIZE"), of which one is left to files and names of hosts. */
const threadPoolSize = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;
const threads = Math.max(1, Math.min(availableParallelism(), threadPoolSize - 1));
const turns = new Turns(threads);

const zstdCompress: (bytes: Uint8Array, options: zlib.ZstdOptions) => Promise<Uint8Array> =
  promisify(zlib.zstdCompress);

async function frameOf(block: Uint8Array): Promise<Uint8Array> {
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = zlib.constants;
  return zstdCompress(block, {
    params: { [ZSTD_c_compressionLevel]: 3, [ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: block.byteLength,
    // All of the result in one piece, and so with one task for the thread.
    chunkSize: block.byteLength + (block.byteLength >> 8) + 1024,
  });
}
