import zlib from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { DeflateThread } from "../../src/compression/deflate-thread.ts";
import { deflated, deflateThreads } from "../../src/compression/deflate-threads.ts";

const lastBlock = Uint8Array.of(0x03, 0x00);
const most = 1 << 20;

function inflated(...packed: readonly Uint8Array[]): Buffer {
  return zlib.inflateRawSync(Buffer.concat([...packed, lastBlock]));
}

/** Each symbol half as often as the next: no code of 14 bits fits that by itself. */
function lopsided(): Buffer {
  const parts = Array.from({ length: 19 }, (_, at) => Buffer.alloc(2 ** at, at));
  return Buffer.concat(parts);
}

/** Hardly anything that was there before comes again. */
function noise(size: number, seed = 1): Buffer {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return Buffer.from(Uint8Array.from({ length: size }, () => next() >>> 24));
}

describe("a block that is deflated", () => {
  test("comes back, whatever it is", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, size]) => Buffer.alloc(size, byte)),
      fc
        .tuple(fc.string({ minLength: 1 }), fc.nat(3000))
        .map(([text, size]) => Buffer.alloc(size, text)),
      fc.tuple(fc.nat(70_000), fc.nat()).map(([size, seed]) => noise(size, seed)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.array(fc.nat(9)), async (pieces, order) => {
        const again = order.map((at) => pieces[at] ?? Buffer.alloc(0));
        const bytes = Buffer.concat([...pieces, ...again]).subarray(0, most);
        expect(inflated(await deflated(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from("x")],
    ["one byte for ever", Buffer.alloc(most, "x")],
    ["noise", noise(most)],
    ["bytes of which some are very rare", lopsided()],
    ["what comes again just within reach", Buffer.concat([noise(32_768), noise(32_768)])],
    ["what comes again out of reach", Buffer.concat([noise(32_769), noise(32_769)])],
    ["what comes again after 64 KiB", Buffer.concat([noise(65_536), noise(65_536)])],
    ["text", Buffer.from(Array.from({ length: 50_000 }, (_, at) => `${at * at}\n`).join(""))],
  ])("comes back: %s", async (_, bytes) => {
    const packed = await deflated(bytes);
    expect(inflated(packed).equals(bytes)).toBe(true);
    expect(packed.byteLength).toBeLessThanOrEqual(bytes.byteLength + 5 * 17 + 5);
  });

  test("follows another one", async () => {
    const [one, other] = [Buffer.from("one, and one"), Buffer.from("another, and another")];
    const packed = await Promise.all([deflated(one), deflated(other)]);
    expect(inflated(...packed)).toEqual(Buffer.concat([one, other]));
  });

  test("is as small as zlib makes it at its fourth level, or not much larger", async () => {
    const bytes = Buffer.from(JSON.stringify(process.versions) + describe.toString().repeat(3));
    const program = Buffer.from(
      Array.from(
        { length: 20_000 },
        (_, at) => `const name${at % 977} = ${at ** 3 % 8191};\n`,
      ).join(""),
    ).subarray(0, most);
    for (const text of [bytes, program]) {
      const theirs = zlib.deflateRawSync(text, { level: 4 }).byteLength;
      expect((await deflated(text)).byteLength).toBeLessThan(theirs * 1.05 + 16);
    }
  });

  test("does not depend on what was deflated before", async () => {
    const thread = new DeflateThread();
    const bytes = Buffer.from("a block of text, a block of text. ".repeat(1000));
    const first = await thread.deflated(bytes);
    await thread.deflated(noise(most));
    expect(Buffer.from(await thread.deflated(bytes)).equals(first)).toBe(true);
  });
});

test("many blocks get their turn, each what it is", async () => {
  const blocks = Array.from({ length: 5 * deflateThreads }, (_, at) => noise(10_000 + at, at + 1));
  const packed = await Promise.all(blocks.map((block) => deflated(block)));
  for (const [at, block] of blocks.entries())
    expect(inflated(packed[at] ?? lastBlock).equals(block)).toBe(true);
});

test("a block that is too large is an error, and the next one is not", async () => {
  await expect(deflated(Buffer.alloc(8 << 20))).rejects.toBeInstanceOf(RangeError);
  const bytes = Buffer.from("after that");
  expect(inflated(await deflated(bytes))).toEqual(bytes);
});
