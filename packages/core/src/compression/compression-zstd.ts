import { promisify } from "node:util";
import zlib from "node:zlib";

import { compressedInBlocks } from "./compression-blocks.ts";
import type { CompressionSettings } from "./compression-settings.ts";
import { transformed } from "./compression-transform.ts";
import { poolSemaphore, poolThreads } from "./pool-threads.ts";

type ZstdSettings = Pick<CompressionSettings, "level" | "zstdFrames">;

/**
 * Compresses with zstd (RFC 8878): to one frame, or to concatenated frames, which decompress as one stream. The output is
 * the same on every machine with the same version of Node.
 */
export function zstdCompressed(
  bytes: AsyncIterable<Uint8Array>,
  { level, zstdFrames = "one" }: ZstdSettings = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const params = parametersOf(level);
  return zstdFrames === "one" ? oneFrame(bytes, params) : parallelFrames(bytes, params);
}

type Parameters = NonNullable<zlib.ZstdOptions["params"]>;

function parametersOf(level = defaultLevel): Parameters {
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel, ZSTD_c_windowLog } = zlib.constants;
  const parameters = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 };
  // Decoders should support 8 MiB, and encoders should not require more (RFC 8878, "Window Descriptor").
  return level < firstLevelOf32MiB ? parameters : { ...parameters, [ZSTD_c_windowLog]: 23 };
}

const defaultLevel = 3;
const firstLevelOf32MiB = 20;

/** A stream of Node cannot use several threads: with `nbWorkers`, it ends too early. */
async function* oneFrame(
  bytes: AsyncIterable<Uint8Array>,
  params: Parameters,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Waits for each write, because Node may add an empty frame if writes are queued.
  yield* transformed(bytes, zlib.createZstdCompress({ params, chunkSize: outputSize }));
}

const outputSize = 1 << 18;

async function* parallelFrames(
  bytes: AsyncIterable<Uint8Array>,
  params: Parameters,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isEmpty = true;
  const compress = async (block: Uint8Array): Promise<Uint8Array> => {
    isEmpty = false;
    return poolSemaphore.run(() => compressFrame(block, params));
  };
  yield* compressedInBlocks(bytes, { blockSize, maxBlocks: 2 * poolThreads + 2, compress });
  if (isEmpty) yield await compressFrame(new Uint8Array(0), params);
}

/** The uncompressed size of a frame, in bytes. */
const blockSize = 4 << 20;

const zstdCompress: (bytes: Uint8Array, options: zlib.ZstdOptions) => Promise<Uint8Array> =
  promisify(zlib.zstdCompress);

async function compressFrame(block: Uint8Array, params: Parameters): Promise<Uint8Array> {
  return zstdCompress(block, {
    params,
    pledgedSrcSize: block.byteLength,
    // Large enough for the whole result, so that one task of the thread suffices.
    chunkSize: block.byteLength + (block.byteLength >> 8) + 1024,
  });
}
