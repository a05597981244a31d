import fc from "fast-check";
import { expect, test } from "vitest";

import { ChunkQueue } from "../../src/wire/chunk-queue.ts";

function drained(queue: ChunkQueue): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) chunks.push(chunk);
  return chunks;
}

test("returns the added bytes in order for any order of calls", () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.constant("read" as const)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (given) => {
      const queue = new ChunkQueue();
      const added: Uint8Array[] = [];
      const read: Uint8Array[] = [];
      for (const step of given) {
        if (step === "read") read.push(queue.shift() ?? new Uint8Array(0));
        else {
          added.push(Uint8Array.from(step));
          queue.add(step);
        }
      }
      read.push(...drained(queue));
      expect(Buffer.concat(read)).toEqual(Buffer.concat(added));
      expect(queue.byteLength).toBe(0);
    }),
  );
});

test("has few chunks, however small the added ones are", () => {
  const queue = new ChunkQueue();
  const count = 300_000;
  for (let at = 0; at < count; at++) queue.add(Uint8Array.of(at & 0xff));
  expect(queue.byteLength).toBe(count);
  const chunks = drained(queue);
  expect(chunks.length).toBeLessThan(30);
  const whole = Buffer.concat(chunks);
  expect(whole.every((byte, at) => byte === (at & 0xff))).toBe(true);
});

test("reports which chunks were copied", () => {
  const queue = new ChunkQueue();
  const memory = new Uint8Array(64);
  expect(queue.add(memory.subarray(0, 2))).toBe("kept");
  expect(queue.add(memory.subarray(2, 4))).toBe("joined");
  for (let at = 1; at < 16; at++) expect(queue.add(Uint8Array.of(at))).toBe("kept");
  const copied = Uint8Array.of(1, 2, 3);
  expect(queue.add(copied)).toBe("copied");
  copied.fill(0);
  expect(drained(queue).at(-1)).toEqual(Uint8Array.of(1, 2, 3));
});
