/** How a stream is compressed in blocks. */
export interface BlockCompression {
  /** The size of all blocks but the last, in bytes. */
  readonly blockSize: number;
  /** The maximum number of blocks in memory, for all streams together. Each stream may exceed it by one, to progress. */
  readonly maxBlocks: number;
  /**
   * Compresses one block on another thread. Called in the order of the blocks. The block is in shared memory, which is
   * reused when the promise settles.
   */
  readonly compress: (block: Uint8Array) => Promise<Uint8Array>;
}

/**
 * Splits a stream into blocks, compresses several at once, and yields the results in order. Block boundaries are
 * independent of chunk boundaries. `maxBlocks` limits the memory of all streams together.
 */
export async function* compressedInBlocks(
  bytes: AsyncIterable<Uint8Array>,
  { blockSize, maxBlocks, compress }: BlockCompression,
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Promise<Uint8Array>[] = [];
  try {
    for await (const block of blocksOf(bytes, blockSize)) {
      running.push(start(block, compress));
      while (running.length > 0 && blocksInMemory >= maxBlocks) yield await shiftResult(running);
    }
    while (running.length > 0) yield await shiftResult(running);
  } finally {
    await Promise.allSettled(running);
    release(running.length);
  }
}

/** The number of blocks in memory, of all streams. */
let blocksInMemory = 0;
/** Buffers to reuse. Allocating a buffer takes a tenth of the time of compressing its content. */
let spareBuffers: SharedArrayBuffer[] = [];

function start(block: Uint8Array, compress: BlockCompression["compress"]): Promise<Uint8Array> {
  blocksInMemory++;
  const compressed = compress(block).finally(() =>
    spareBuffers.push(block.buffer as SharedArrayBuffer),
  );
  // The error is thrown when the result is awaited.
  compressed.catch(() => {});
  return compressed;
}

async function shiftResult(running: Promise<Uint8Array>[]): Promise<Uint8Array> {
  const [first] = running;
  const compressed = await first;
  void running.shift();
  release(1);
  return compressed ?? new Uint8Array(0);
}

function release(count: number): void {
  blocksInMemory -= count;
  if (blocksInMemory === 0) spareBuffers = [];
}

/** Copies the bytes into blocks, because the source may reuse a chunk once the next one is requested. */
async function* blocksOf(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let block = newBlock(size);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + size - filled);
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < size) continue;
      yield block;
      block = newBlock(size);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

function newBlock(size: number): Uint8Array {
  const at = spareBuffers.findIndex(({ byteLength }) => byteLength === size);
  const [buffer = new SharedArrayBuffer(size)] = at < 0 ? [] : spareBuffers.splice(at, 1);
  return new Uint8Array(buffer);
}
