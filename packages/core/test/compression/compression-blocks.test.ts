import { setTimeout as delay } from "node:timers/promises";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compressedInBlocks } from "../../src/compression/compression-blocks.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import { Semaphore } from "../../src/content/semaphore.ts";

const limit = 1 << 24;
const maxBlocks = 8;

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** Reuses one buffer for all chunks, like a file that is read into one buffer. */
async function* reusingBuffer(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.byteLength; at += size) {
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.byteLength);
    buffer.fill(0xee);
  }
}

describe("blocks that are compressed in parallel", () => {
  test("are returned in order, and their boundaries do not depend on chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (bytes, chunkSize, blockSize) => {
          const sizes: number[] = [];
          const compress = async (block: Uint8Array): Promise<Uint8Array> => {
            sizes.push(block.byteLength);
            if (block.byteLength % 2 === 0) await delay(0);
            return block.slice();
          };
          const compressed = compressedInBlocks(reusingBuffer(bytes, chunkSize), {
            blockSize,
            maxBlocks,
            compress,
          });
          expect(Buffer.from(await readAll(compressed, limit))).toEqual(Buffer.from(bytes));
          expect(sizes.slice(0, -1).every((size) => size === blockSize)).toBe(true);
        },
      ),
    );
  });

  test("are limited in number, for fast sources and slow readers", async () => {
    let inMemory = 0;
    let max = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(64);
    }
    const compress = async (block: Uint8Array): Promise<Uint8Array> => {
      max = Math.max(max, ++inMemory);
      return block;
    };
    const readers = Array.from({ length: 20 }, async () => {
      let taken = 0;
      for await (const _ of compressedInBlocks(endless(), { blockSize: 64, maxBlocks, compress })) {
        inMemory--;
        await delay(0);
        if (++taken === 20) break;
      }
    });
    await Promise.all(readers);
    expect(max).toBeGreaterThanOrEqual(20);
    expect(max).toBeLessThanOrEqual(20 + maxBlocks + 20);
  });

  test("are awaited when one of them fails, and the error is passed on unchanged", async () => {
    const failure = new Error("no memory left");
    let running = 0;
    let count = 0;
    const compress = async (block: Uint8Array): Promise<Uint8Array> => {
      running++;
      await delay(1);
      running--;
      if (++count === 2) throw failure;
      return block;
    };
    const compressed = compressedInBlocks(streamOf(Buffer.alloc(1000)), {
      blockSize: 10,
      maxBlocks,
      compress,
    });
    await expect(readAll(compressed, limit)).rejects.toBe(failure);
    expect(running).toBe(0);
  });

  test("leave nothing running when the reader stops", async () => {
    let running = 0;
    const compress = async (block: Uint8Array): Promise<Uint8Array> => {
      running++;
      await delay(1);
      running--;
      return block;
    };
    const compressed = compressedInBlocks(streamOf(Buffer.alloc(1000)), {
      blockSize: 10,
      maxBlocks,
      compress,
    });
    await compressed.next();
    await compressed.return();
    expect(running).toBe(0);
  });

  test("reuse memory", async () => {
    const buffers = new Set<ArrayBufferLike>();
    const compress = async (block: Uint8Array): Promise<Uint8Array> => {
      buffers.add(block.buffer);
      return block.slice();
    };
    const compressed = compressedInBlocks(streamOf(Buffer.alloc(10_000)), {
      blockSize: 10,
      maxBlocks,
      compress,
    });
    expect(await readAll(compressed, limit)).toHaveLength(10_000);
    expect(buffers.size).toBeLessThanOrEqual(maxBlocks + 1);
  });
});

describe("a semaphore", () => {
  test("limits how many operations run at once", async () => {
    let running = 0;
    let max = 0;
    const semaphore = new Semaphore(3);
    const work = Array.from({ length: 100 }, () =>
      semaphore.run(async () => {
        max = Math.max(max, ++running);
        await delay(0);
        running--;
      }),
    );
    await Promise.all(work);
    expect(max).toBe(3);
  });

  test("continues after a failure", async () => {
    const semaphore = new Semaphore(2);
    const attempts = Array.from({ length: 10 }, () =>
      semaphore.run(async () => {
        throw new Error("failed");
      }),
    );
    await Promise.allSettled(attempts);
    expect(await semaphore.run(async () => "done")).toBe("done");
  });
});
