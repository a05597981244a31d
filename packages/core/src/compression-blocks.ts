import { availableParallelism } from "node:os";

/** Packs one block on another thread; called in the order of the blocks, and only awaited later. */
export type PackBlock = (block: Uint8Array) => Promise<Uint8Array>;

/**
 * A stream cut into blocks of one size, several of them packed at once, the results in the order of the blocks. How the
 * blocks are cut depends on nothing but the bytes. However many streams there are, what they hold together is bounded.
 */
export async function* packedInBlocks(
  bytes: AsyncIterable<Uint8Array>,
  blockSize: number,
  pack: PackBlock,
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Promise<Uint8Array>[] = [];
  try {
    for await (const block of blocksOf(bytes, blockSize)) {
      running.push(begun(pack(block)));
      while (running.length > 0 && blocksHeld >= mostBlocksHeld) yield await taken(running);
    }
    while (running.length > 0) yield await taken(running);
  } finally {
    await Promise.allSettled(running);
    blocksHeld -= running.length;
  }
}

/** Does work on Node's thread pool as soon as one of its threads is free for that; one is left to files and names of hosts. */
export async function onThread<Result>(work: () => Promise<Result>): Promise<Result> {
  if (threadsFree > 0) threadsFree--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) threadsFree++;
    else next();
  }
}

/** As Node sizes its pool (nodejs.org, "UV_THREADPOOL_SIZE"). */
const threadPoolSize = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;
const threads = Math.max(1, Math.min(availableParallelism(), threadPoolSize - 1));
let threadsFree = threads;
const waiting: (() => void)[] = [];

/** Enough that no thread waits; each stream may have one beyond that, so that all of them go on. */
const mostBlocksHeld = 2 * threads + 2;
/** By all streams. */
let blocksHeld = 0;

function begun(packed: Promise<Uint8Array>): Promise<Uint8Array> {
  blocksHeld++;
  // Whoever awaits it in its turn is told.
  packed.catch(() => {});
  return packed;
}

async function taken(running: Promise<Uint8Array>[]): Promise<Uint8Array> {
  const [first] = running;
  const packed = await first;
  void running.shift();
  blocksHeld--;
  return packed ?? new Uint8Array(0);
}

/** Blocks are copies: a chunk belongs to the source again once the next one is asked for. */
async function* blocksOf(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let block = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + size - filled);
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < size) continue;
      yield block;
      block = Buffer.allocUnsafeSlow(size);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
