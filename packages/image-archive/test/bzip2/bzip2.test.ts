import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { findProgram, outputOf } from "@drayage/test-support";
import { afterAll, describe, expect, test } from "vitest";

import { decompressedBytes } from "../../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-bzip2-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const bzip2 = findProgram("bzip2");
let count = 0;

async function compressed(content: Uint8Array, level = 9): Promise<Buffer> {
  const file = path.join(folder, `${count++}`);
  await writeFile(file, content);
  await outputOf(bzip2 ?? "", `-${level}`, file);
  return readFile(`${file}.bz2`);
}

/** In chunks of `size` bytes. */
async function* cut(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += size) yield content.subarray(at, at + size);
}

async function read(content: Uint8Array, chunkSize = 1 << 16): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(decompressedBytes(cut(content, chunkSize), "bzip2")));
}

/** Deterministic incompressible bytes. */
function noise(size: number): Buffer {
  const hash = createHash("shake256", { outputLength: size });
  return hash.update("noise").digest();
}

const text = Buffer.from("the quick brown fox jumps over the lazy dog. ".repeat(5000));

describe.skipIf(bzip2 === undefined)("output of bzip2 is decompressed:", () => {
  const runs = Buffer.concat(
    [1, 3, 4, 5, 258, 259, 260, 1000, 300_000].map((n) => Buffer.alloc(n, n)),
  );
  const all = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));

  test.each([
    ["empty content", Buffer.alloc(0), 9],
    ["one byte", Buffer.from("a"), 9],
    ["a text", text, 9],
    ["a text in many blocks", text, 1],
    ["runs of all lengths", runs, 1],
    ["every byte value", all, 9],
    ["noise", noise(1_000_000), 9],
    ["noise, in small blocks", noise(350_000), 1],
    ["zeros", Buffer.alloc(10_000_000), 9],
  ] as const)("%s", async (_, content, level) => {
    expect((await read(await compressed(content, level))).equals(content)).toBe(true);
  });

  test("in chunks of any size", async () => {
    const [content, whole] = [text.subarray(0, 3000), await compressed(text.subarray(0, 3000), 1)];
    for (const size of [1, 2, 7, 100]) expect((await read(whole, size)).equals(content)).toBe(true);
  });

  test("concatenated streams of any level, also empty ones", async () => {
    const parts = [text, Buffer.alloc(0), noise(200_000), Buffer.from("end")];
    const streams = await Promise.all(parts.map((part, at) => compressed(part, 9 - at)));
    const found = await read(Buffer.concat(streams));
    expect(found.equals(Buffer.concat(parts))).toBe(true);
  });

  test("many empty streams with one buffer", async () => {
    const empty = await compressed(Buffer.alloc(0));
    const streams = Buffer.alloc(empty.byteLength * 200_000, empty);
    expect(await read(streams)).toHaveLength(0);
  });
});

describe.skipIf(bzip2 === undefined)("damaged data is rejected:", async () => {
  const small = await compressed(text.subarray(0, 500));
  const two = Buffer.concat([small, small]);

  test("truncated at any byte except between two streams", async () => {
    const accepted: number[] = [];
    for (let length = 0; length < two.byteLength; length++) {
      const found = await read(two.subarray(0, length)).catch(() => undefined);
      if (found !== undefined) accepted.push(length);
    }
    expect(accepted).toEqual([small.byteLength]);
  });

  test("with any bit flipped, unless the content is unchanged", async () => {
    const found = new Set<string | undefined>();
    for (let bit = 0; bit < small.byteLength * 8; bit++) {
      const damaged = Uint8Array.from(small);
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      // The level and the padding bits may change.
      found.add(await read(damaged).then(String, () => undefined));
    }
    expect(found).toEqual(new Set([text.subarray(0, 500).toString(), undefined]));
  });

  test.each([
    ["a checksum mismatch of a block", 10, "checksum"],
    ["a randomised block", 14, "randomised"],
  ] as const)("%s", async (_, at, word) => {
    const damaged = Uint8Array.from(small);
    damaged[at] = (damaged[at] ?? 0) ^ 0x80;
    await expect(read(damaged)).rejects.toThrow(word);
  });

  test("a checksum mismatch of the stream", async () => {
    const damaged = Uint8Array.from(small);
    damaged[small.byteLength - 3] = (damaged[small.byteLength - 3] ?? 0) ^ 0x10;
    await expect(read(damaged)).rejects.toThrow("checksum");
  });

  test("other data after the stream or instead of it", async () => {
    await expect(read(Buffer.concat([small, Buffer.from("garbage")]))).rejects.toThrow("follows");
    await expect(read(noise(10_000))).rejects.toThrow("bzip2");
  });
});

test.skipIf(bzip2 === undefined)("ending iteration early closes the input", async () => {
  const whole = await compressed(noise(2_000_000), 1);
  let isClosed = false;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* cut(whole, 1000);
    } finally {
      isClosed = true;
    }
  };
  for await (const _ of decompressedBytes(source(), "bzip2")) break;
  expect(isClosed).toBe(true);
});
