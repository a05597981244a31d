import { PartMemory } from "@drayage/transport-kit/wire";
import type { HeldMemory } from "@drayage/transport-kit/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

const partSize = 1000;

function overlap({ buffer: one }: HeldMemory, { buffer: other }: HeldMemory): boolean {
  if (one.buffer !== other.buffer) return false;
  const [first, second] = one.byteOffset <= other.byteOffset ? [one, other] : [other, one];
  return first.byteOffset + first.byteLength > second.byteOffset;
}

test("no two users have the same memory", () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.boolean()));
  fc.assert(
    fc.property(sizes, (steps) => {
      const memory = new PartMemory(partSize, 4);
      let held: HeldMemory[] = [];
      for (const [size, gives] of steps) {
        if (gives) held.shift()?.[Symbol.dispose]();
        const taken = memory.tryTake(size);
        if (taken === undefined) continue;
        expect(taken.buffer.byteLength).toBe(size);
        expect(held.some((other) => overlap(taken, other))).toBe(false);
        held = [...held, taken];
      }
      const all = held.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
      expect(held.length === 1 || all <= 4 * partSize).toBe(true);
    }),
  );
});

test("released memory is reused, and small parts share the memory of a large one", () => {
  const memory = new PartMemory(partSize, 4);
  const [one, other] = [memory.tryTake(300), memory.tryTake(400)];
  expect(other?.buffer.buffer).toBe(one?.buffer.buffer);
  one?.[Symbol.dispose]();
  other?.[Symbol.dispose]();
  expect(memory.tryTake(partSize)?.buffer.buffer).toBe(one?.buffer.buffer);
});

test("memory is granted in order, and a second release has no effect", async () => {
  const memory = new PartMemory(partSize, 2);
  const held = [memory.tryTake(1500), memory.tryTake(500)];
  const served: number[] = [];
  const waiting = [2000, 10].map(async (size) => {
    const taken = await memory.take(size);
    served.push(size);
    return taken;
  });
  expect(memory.hasRoom(1)).toBe(false);
  held[1]?.[Symbol.dispose]();
  held[1]?.[Symbol.dispose]();
  expect(memory.tryTake(10)).toBeUndefined();
  held[0]?.[Symbol.dispose]();
  (await waiting[0])?.[Symbol.dispose]();
  await waiting[1];
  expect(served).toEqual([2000, 10]);
});

test("an aborted wait does not block others", async () => {
  const memory = new PartMemory(partSize, 1);
  const held = memory.tryTake(600);
  const controller = new AbortController();
  const reason = new Error("enough");
  const large = memory.take(partSize, controller.signal);
  const small = memory.take(400);
  controller.abort(reason);
  await expect(large).rejects.toBe(reason);
  expect((await small).buffer.byteLength).toBe(400);
  held?.[Symbol.dispose]();
});
