import { setTimeout as delay } from "node:timers/promises";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { packedInBlocks } from "../../src/compression/compression-blocks.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import { Turns } from "../../src/content/semaphore.ts";

const limit = 1 << 24;
const mostHeld = 8;

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Lends the same memory again and again, as a file that is read into one buffer. */
async function* reusingBuffer(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.byteLength; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.byteLength);
    buffer.fill(0xee);
  }
}

describe("blocks that are packed side by side", () => {
  test("come out in their order, whichever is ready first, and cut alike however the stream was", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (bytes, chunkSize, blockSize) => {
          const sizes: number[] = [];
          const pack = async (block: Uint8Array): Promise<Uint8Array> => {
            sizes.push(block.byteLength);
            if (block.byteLength % 2 === 0) await delay(0);
            return block.slice();
          };
          const packed = packedInBlocks(reusingBuffer(bytes, chunkSize), {
            size: blockSize,
            mostHeld,
            pack,
          });
          expect(Buffer.from(await readAll(packed, limit))).toEqual(Buffer.from(bytes));
          expect(sizes.slice(0, -1).every((size) => size === blockSize)).toBe(true);
        },
      ),
    );
  });

  test("are no more at once than there is work for, however fast the source and slow the reader", async () => {
    let held = 0;
    let most = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(64);
    }
    const pack = async (block: Uint8Array): Promise<Uint8Array> => {
      most = Math.max(most, ++held);
      return block;
    };
    const readers = Array.from({ length: 20 }, async () => {
      let taken = 0;
      for await (const _ of packedInBlocks(endless(), { size: 64, mostHeld, pack })) {
        held--;
        await delay(0);
        if (++taken === 20) break;
      }
    });
    await Promise.all(readers);
    expect(most).toBeGreaterThanOrEqual(20);
    expect(most).toBeLessThanOrEqual(20 + mostHeld + 20);
  });

  test("are waited for when one of them fails, and the failure is passed on as it is", async () => {
    const failure = new Error("no memory left");
    let running = 0;
    let count = 0;
    const pack = async (block: Uint8Array): Promise<Uint8Array> => {
      running++;
      await delay(1);
      running--;
      if (++count === 2) throw failure;
      return block;
    };
    const packed = packedInBlocks(streamOf(Buffer.alloc(1000)), { size: 10, mostHeld, pack });
    await expect(readAll(packed, limit)).rejects.toBe(failure);
    expect(running).toBe(0);
  });

  test("leave nothing running when nobody reads on", async () => {
    let running = 0;
    const pack = async (block: Uint8Array): Promise<Uint8Array> => {
      running++;
      await delay(1);
      running--;
      return block;
    };
    const packed = packedInBlocks(streamOf(Buffer.alloc(1000)), { size: 10, mostHeld, pack });
    await packed.next();
    await packed.return();
    expect(running).toBe(0);
  });

  test("use memory again that is done with", async () => {
    const memories = new Set<ArrayBufferLike>();
    const pack = async (block: Uint8Array): Promise<Uint8Array> => {
      memories.add(block.buffer);
      return block.slice();
    };
    const packed = packedInBlocks(streamOf(Buffer.alloc(10_000)), { size: 10, mostHeld, pack });
    expect(await readAll(packed, limit)).toHaveLength(10_000);
    expect(memories.size).toBeLessThanOrEqual(mostHeld + 1);
  });
});

describe("turns", () => {
  test("are no more at once than are free", async () => {
    let running = 0;
    let most = 0;
    const turns = new Turns(3);
    const work = Array.from({ length: 100 }, () =>
      turns.take(async () => {
        most = Math.max(most, ++running);
        await delay(0);
        running--;
      }),
    );
    await Promise.all(work);
    expect(most).toBe(3);
  });

  test("go on after something failed", async () => {
    const turns = new Turns(2);
    const attempts = Array.from({ length: 10 }, () =>
      turns.take(async () => {
        throw new Error("failed");
      }),
    );
    await Promise.allSettled(attempts);
    expect(await turns.take(async () => "done")).toBe("done");
  });
});
