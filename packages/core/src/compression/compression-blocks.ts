/** How blocks are packed. */
export interface BlockPacking {
  /** Bytes of all blocks but the last. */
  readonly size: number;
  /** How many blocks all streams together have in memory; each may have one beyond that, so that all of them go on. */
  readonly mostHeld: number;
  /**
   * Packs one block on another thread; called in the order of the blocks, and only awaited later. The block, which is
   * shared memory, is used again once that is done.
   */
  readonly pack: (block: Uint8Array) => Promise<Uint8Array>;
}

/**
 * A stream cut into blocks of one size, several of them packed at once, the results in the order of the blocks. How the
 * blocks are cut depends on nothing but the bytes. However many streams there are, what they hold together is bounded.
 */
export async function* packedInBlocks(
  bytes: AsyncIterable<Uint8Array>,
  { size, mostHeld, pack }: BlockPacking,
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Promise<Uint8Array>[] = [];
  try {
    for await (const block of blocksOf(bytes, size)) {
      running.push(begun(block, pack));
      while (running.length > 0 && blocksHeld >= mostHeld) yield await taken(running);
    }
    while (running.length > 0) yield await taken(running);
  } finally {
    await Promise.allSettled(running);
    released(running.length);
  }
}

/** By all streams. */
let blocksHeld = 0;
/** Memory of blocks that are packed: new memory costs as much time as a tenth of packing what it holds. */
let spare: SharedArrayBuffer[] = [];

function begun(block: Uint8Array, pack: BlockPacking["pack"]): Promise<Uint8Array> {
  blocksHeld++;
  const packed = pack(block).finally(() => spare.push(block.buffer as SharedArrayBuffer));
  // Whoever awaits it in its turn is told.
  packed.catch(() => {});
  return packed;
}

async function taken(running: Promise<Uint8Array>[]): Promise<Uint8Array> {
  const [first] = running;
  const packed = await first;
  void running.shift();
  released(1);
  return packed ?? new Uint8Array(0);
}

function released(count: number): void {
  blocksHeld -= count;
  if (blocksHeld === 0) spare = [];
}

/** Blocks are copies: a chunk belongs to the source again once the next one is asked for. */
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
  const at = spare.findIndex(({ byteLength }) => byteLength === size);
  const [memory = new SharedArrayBuffer(size)] = at < 0 ? [] : spare.splice(at, 1);
  return new Uint8Array(memory);
}
