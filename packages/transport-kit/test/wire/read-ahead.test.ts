import { Retries } from "@drayage/core";
import { PartMemory, readRangesAhead } from "@drayage/transport-kit/wire";
import type { ReadAhead } from "@drayage/transport-kit/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

import { content, sourceWith } from "./broken-source.ts";

const rangeSize = 100_000;

function aheadOf(count: number, settings: Partial<ReadAhead> = {}): ReadAhead {
  return { rangeSize, memory: new PartMemory(rangeSize, count), ...settings };
}

test("a range is exact, wherever responses fail and however much is read ahead", async () => {
  const at = fc.nat(content.byteLength - 1);
  const answers = fc.record({
    breakAfter: fc.array(fc.integer({ min: 70_000, max: 200_000 }), { maxLength: 3 }),
    supportsRanges: fc.boolean(),
    reportsSize: fc.boolean(),
    chunkSize: fc.integer({ min: 5000, max: 1 << 18 }),
  });
  const end = fc.option(at, { nil: undefined });
  const count = fc.integer({ min: 1, max: 20 });
  await fc.assert(
    fc.asyncProperty(at, end, count, answers, async (start, last, most, given) => {
      const source = sourceWith({ ...given, breakAfter: [...given.breakAfter, Infinity] });
      const ahead = aheadOf(most);
      const options = { retries: new Retries({ initialDelay: 0 }) };
      const range = { start, end: last };
      // Without any size, the end of a stream is the end of the content.
      const sized = given.reportsSize ? source : { ...source, size: content.byteLength };
      const chunks = await Array.fromAsync(readRangesAhead(sized, range, ahead, options));
      const wanted = content.subarray(start, last === undefined ? last : last + 1);
      expect(Buffer.concat(chunks).equals(wanted)).toBe(true);
      expect(ahead.memory.hasRoom(rangeSize * most)).toBe(true);
    }),
  );
});

test("each range is requested once, and memory limits the parallel ranges", async () => {
  const source = sourceWith();
  const ahead = aheadOf(3);
  let most = 0;
  for await (const _ of readRangesAhead(source, { start: 0 }, ahead)) {
    most = Math.max(most, source.underWay());
  }
  expect(source.requested).toHaveLength(11);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
});

test("without memory, longer single ranges are read", async () => {
  const source = sourceWith();
  const ahead = aheadOf(1, { singleRangeSize: 500_000 });
  using _ = ahead.memory.tryTake(rangeSize);
  await Array.fromAsync(readRangesAhead(source, { start: 0 }, ahead));
  expect(source.requested.map(({ start }) => start)).toEqual([0, 500_000, 1_000_000]);
});

test.each([
  ["without range support", { supportsRanges: false }, 1],
  ["without a size", { reportsSize: false }, 2],
])("nothing is read ahead from a server %s", async (_, answers, requests) => {
  const source = sourceWith(answers);
  const chunks = await Array.fromAsync(readRangesAhead(source, { start: 0 }, aheadOf(5)));
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  expect(source.requested).toHaveLength(requests);
  expect(source.underWay()).toBe(0);
});

test("chunks stay unchanged without reuseBuffers", async () => {
  const memory = new PartMemory(rangeSize, 3);
  const held = memory.tryTake(rangeSize);
  const read = async (): Promise<Uint8Array[]> =>
    Array.fromAsync(readRangesAhead(sourceWith(), { start: 0 }, { rangeSize, memory }));
  const chunks = await read();
  await read();
  held?.[Symbol.dispose]();
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
});

test("leaving early stops all reads and releases the memory", async () => {
  const source = sourceWith();
  const ahead = aheadOf(4);
  for await (const _ of readRangesAhead(source, { start: 0 }, ahead)) break;
  expect(source.underWay()).toBe(0);
  expect(source.requested.length).toBeLessThanOrEqual(5);
  expect(ahead.memory.hasRoom(4 * rangeSize)).toBe(true);
});

test("a failed range fails when the reader reaches it", async () => {
  const source = sourceWith({ breakAfter: [Infinity, Infinity, 10] });
  const retries = new Retries({ maxAttempts: 1 });
  let size = 0;
  const reading = async (): Promise<void> => {
    for await (const chunk of readRangesAhead(source, { start: 0 }, aheadOf(4), { retries })) {
      size += chunk.byteLength;
    }
  };
  await expect(reading()).rejects.toMatchObject({ code: "unavailable" });
  expect(size).toBe(2 * rangeSize + 10);
  expect(source.underWay()).toBe(0);
});
