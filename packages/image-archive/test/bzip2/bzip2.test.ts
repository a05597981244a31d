import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram, outputOf } from "@drayage/test-support";
import { afterAll, describe, expect, test } from "vitest";

import { unpacked } from "../../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-bzip2-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const bzip2 = findProgram("bzip2");
let count = 0;

async function packed(content: Uint8Array, level = 9): Promise<Buffer> {
  const file = path.join(folder, `${count++}`);
  await writeFile(file, content);
  await outputOf(bzip2 ?? "", `-${level}`, file);
  return readFile(`${file}.bz2`);
}

/** In chunks of that many bytes. */
async function* cut(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += size) yield content.subarray(at, at + size);
}

async function read(content: Uint8Array, chunkSize = 1 << 16): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(unpacked(cut(content, chunkSize), "bzip2")));
}

/** Always the same, and not to be made smaller. */
function noise(size: number): Buffer {
  const hash = createHash("shake256", { outputLength: size });
  return hash.update("noise").digest();
}

const text = Buffer.from("the quick brown fox jumps over the lazy dog. ".repeat(5000));

describe.skipIf(bzip2 === undefined)("what Debian's bzip2 packs is unpacked", () => {
  const runs = Buffer.concat(
    [1, 3, 4, 5, 258, 259, 260, 1000, 300_000].map((n) => Buffer.alloc(n, n)),
  );
  const all = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));

  test.each([
    ["nothing", Buffer.alloc(0), 9],
    ["one byte", Buffer.from("a"), 9],
    ["a text", text, 9],
    ["a text in many blocks", text, 1],
    ["runs of all lengths", runs, 1],
    ["each byte there is", all, 9],
    ["noise", noise(1_000_000), 9],
    ["noise, in small blocks", noise(350_000), 1],
    ["zeros", Buffer.alloc(10_000_000), 9],
  ] as const)("%s", async (_, content, level) => {
    expect((await read(await packed(content, level))).equals(content)).toBe(true);
  });

  test("cut anywhere on its way", async () => {
    const [content, whole] = [text.subarray(0, 3000), await packed(text.subarray(0, 3000), 1)];
    for (const size of [1, 2, 7, 100]) expect((await read(whole, size)).equals(content)).toBe(true);
  });

  test("stream after stream, of any level, also empty ones", async () => {
    const parts = [text, Buffer.alloc(0), noise(200_000), Buffer.from("end")];
    const streams = await Promise.all(parts.map((part, at) => packed(part, 9 - at)));
    const found = await read(Buffer.concat(streams));
    expect(found.equals(Buffer.concat(parts))).toBe(true);
  });

  test("a great many empty streams, without a great many tables", async () => {
    const empty = await packed(Buffer.alloc(0));
    const streams = Buffer.alloc(empty.byteLength * 200_000, empty);
    expect(await read(streams)).toHaveLength(0);
  });
});

describe.skipIf(bzip2 === undefined)("what is damaged is refused", async () => {
  const small = await packed(text.subarray(0, 500));
  const two = Buffer.concat([small, small]);

  test("cut off at each byte, except between two streams", async () => {
    const taken: number[] = [];
    for (let length = 0; length < two.byteLength; length++) {
      const found = await read(two.subarray(0, length)).catch(() => undefined);
      if (found !== undefined) taken.push(length);
    }
    expect(taken).toEqual([small.byteLength]);
  });

  test("with any one bit turned, or the content is the same", async () => {
    const found = new Set<string | undefined>();
    for (let bit = 0; bit < small.byteLength * 8; bit++) {
      const damaged = Uint8Array.from(small);
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      // The level, and what fills the last byte, may change.
      found.add(await read(damaged).then(String, () => undefined));
    }
    expect(found).toEqual(new Set([text.subarray(0, 500).toString(), undefined]));
  });

  test.each([
    ["a wrong checksum of a block", 10, "checksum"],
    ["a block that is randomised", 14, "randomised"],
  ] as const)("%s", async (_, at, word) => {
    const damaged = Uint8Array.from(small);
    damaged[at] = (damaged[at] ?? 0) ^ 0x80;
    await expect(read(damaged)).rejects.toThrow(word);
  });

  test("a wrong checksum of the whole", async () => {
    const damaged = Uint8Array.from(small);
    damaged[small.byteLength - 3] = (damaged[small.byteLength - 3] ?? 0) ^ 0x10;
    await expect(read(damaged)).rejects.toThrow("checksum");
  });

  test("something else behind it, or instead of it", async () => {
    await expect(read(Buffer.concat([small, Buffer.from("garbage")]))).rejects.toThrow("follows");
    await expect(read(noise(10_000))).rejects.toThrow("bzip2");
  });
});

test.skipIf(bzip2 === undefined)("whoever stops reading closes what is read", async () => {
  const whole = await packed(noise(2_000_000), 1);
  let isClosed = false;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* cut(whole, 1000);
    } finally {
      isClosed = true;
    }
  };
  for await (const _ of unpacked(source(), "bzip2")) break;
  expect(isClosed).toBe(true);
});
