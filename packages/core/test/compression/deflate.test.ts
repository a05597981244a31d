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

/** Each symbol is half as frequent as the next, so an unlimited Huffman code needs more than 14 bits. */
function lopsided(): Buffer {
  const parts = Array.from({ length: 19 }, (_, at) => Buffer.alloc(2 ** at, at));
  return Buffer.concat(parts);
}

/** Nearly without repetitions. */
function noise(size: number, seed = 1): Buffer {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return Buffer.from(Uint8Array.from({ length: size }, () => next() >>> 24));
}

describe("a deflated block", () => {
  test("inflates to any content", async () => {
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
    ["no bytes", Buffer.alloc(0)],
    ["one byte", Buffer.from("x")],
    ["one repeated byte", Buffer.alloc(most, "x")],
    ["noise", noise(most)],
    ["some very rare bytes", lopsided()],
    ["a repetition at the maximum distance", Buffer.concat([noise(32_768), noise(32_768)])],
    ["a repetition beyond the maximum distance", Buffer.concat([noise(32_769), noise(32_769)])],
    ["a repetition after 64 KiB", Buffer.concat([noise(65_536), noise(65_536)])],
    ["text", Buffer.from(Array.from({ length: 50_000 }, (_, at) => `${at * at}\n`).join(""))],
  ])("inflates to its content: %s", async (_, bytes) => {
    const packed = await deflated(bytes);
    expect(inflated(packed).equals(bytes)).toBe(true);
    expect(packed.byteLength).toBeLessThanOrEqual(bytes.byteLength + 5 * 17 + 5);
  });

  test("can follow another one", async () => {
    const [one, other] = [Buffer.from("one, and one"), Buffer.from("another, and another")];
    const packed = await Promise.all([deflated(one), deflated(other)]);
    expect(inflated(...packed)).toEqual(Buffer.concat([one, other]));
  });

  test("is at most slightly larger than with zlib at level 4", async () => {
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

  test("is independent of earlier blocks", async () => {
    const thread = new DeflateThread();
    const bytes = Buffer.from("a block of text, a block of text. ".repeat(1000));
    const first = await thread.deflated(bytes);
    await thread.deflated(noise(most));
    expect(Buffer.from(await thread.deflated(bytes)).equals(first)).toBe(true);
  });
});

test("many blocks are deflated, each to its own result", async () => {
  const blocks = Array.from({ length: 5 * deflateThreads }, (_, at) => noise(10_000 + at, at + 1));
  const packed = await Promise.all(blocks.map((block) => deflated(block)));
  for (const [at, block] of blocks.entries())
    expect(inflated(packed[at] ?? lastBlock).equals(block)).toBe(true);
});

test("a block that is too large is an error, and the next block succeeds", async () => {
  await expect(deflated(Buffer.alloc(8 << 20))).rejects.toBeInstanceOf(RangeError);
  const bytes = Buffer.from("after that");
  expect(inflated(await deflated(bytes))).toEqual(bytes);
});
