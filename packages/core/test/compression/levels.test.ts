import { spawnSync } from "node:child_process";
import zlib from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { CompressionSettings } from "../../src/compression/compression-settings.ts";
import { compressed, decompressed } from "../../src/compression/compression.ts";
import { splitAtFrames } from "../../src/compression/zstd-frames.ts";
import { readAll, streamOf } from "../../src/content/byte-stream.ts";

const limit = 1 << 24;
const words = Array.from({ length: 613 }, (_, at) => `word${at * 31}`);
/** Text with words that repeat in other orders, several blocks of gzip long. */
const text = Buffer.from(
  Array.from({ length: 90_000 }, (_, at) => words[(at * at + (at >> 4)) % words.length]).join(" "),
);

async function* streamOfAll(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function packed(
  bytes: Uint8Array,
  settings: CompressionSettings,
  chunkSize = 77_777,
): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(bytes.byteLength / chunkSize) }, (_, at) =>
    bytes.subarray(at * chunkSize, (at + 1) * chunkSize),
  );
  return Buffer.from(await readAll(compressed(streamOfAll(chunks), settings), limit));
}

describe("a level", () => {
  test.each([
    ["gzip", 1, 9],
    ["zstd", 1, 19],
  ] as const)("of %s trades size for time", async (format, low, high) => {
    const fast = await packed(text, { format, level: low });
    const small = await packed(text, { format, level: high });
    expect(small.byteLength).toBeLessThan(fast.byteLength);
  });

  for (const [format, levels] of [
    ["gzip", [1, 9]],
    ["zstd", [1, 19]],
  ] as const) {
    const isInstalled = spawnSync(format, ["--version"]).error === undefined;
    test.skipIf(!isInstalled)(`is decompressed by the program ${format}`, async () => {
      for (const level of levels) {
        const input = await packed(text, { format, level });
        const result = spawnSync(format, ["-dc"], { input, maxBuffer: limit });
        expect([result.status, result.stderr.toString()]).toEqual([0, ""]);
        expect(result.stdout.equals(text)).toBe(true);
      }
    });
  }

  test.each([
    ["gzip", 0],
    ["gzip", 10],
    ["gzip", 1.5],
    ["zstd", -1],
    ["zstd", 21],
    ["zstd", Number.NaN],
  ] as const)("of %s that does not exist (%d) is rejected", (format, level) => {
    expect(() => compressed(streamOf(text), { format, level })).toThrow(
      expect.objectContaining({ code: "impossible-copy" }),
    );
  });

  test("of zstd never needs more than 8 MiB to decompress", async () => {
    const bytes = await packed(text, { format: "zstd", level: 20 });
    const params = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };
    expect(zlib.zstdDecompressSync(bytes, { params }).equals(text)).toBe(true);
  });

  test("of gzip uses the end of a block for the next one", async () => {
    const block = Buffer.alloc(1 << 19);
    for (let at = 0; at < block.byteLength; at++) block[at] = (at * at * 31 + (at >> 3)) & 0xff;
    const random = Buffer.from(Array.from({ length: 16 << 10 }, () => Math.random() * 256));
    const repeated = Buffer.concat([
      block.fill(random, block.byteLength - random.byteLength),
      random,
    ]);
    const [one, two] = [
      await packed(repeated.subarray(0, block.byteLength), { format: "gzip", level: 6 }),
      await packed(repeated, { format: "gzip", level: 6 }),
    ];
    expect(two.byteLength - one.byteLength).toBeLessThan(1000);
    expect(zlib.gunzipSync(two).equals(repeated)).toBe(true);
  });
});

describe("zstd", () => {
  const twoBlocks = Buffer.alloc((4 << 20) + 10, "frame ");

  test.each([
    ["one", 1],
    ["parallel", 2],
  ] as const)("in %s frame has %d", async (zstdFrames, count) => {
    const bytes = await packed(twoBlocks, { format: "zstd", zstdFrames });
    expect(await Array.fromAsync(splitAtFrames(streamOf(bytes)))).toHaveLength(count);
    const whole = await readAll(decompressed(streamOf(bytes), "zstd"), limit);
    expect(Buffer.from(whole).equals(twoBlocks)).toBe(true);
  });

  test("is one frame by default", async () => {
    const bytes = await packed(twoBlocks, { format: "zstd" });
    expect(bytes).toEqual(await packed(twoBlocks, { format: "zstd", zstdFrames: "one" }));
  });

  test.each(["one", "parallel"] as const)(
    "in %s frame is the same for any chunks",
    async (zstdFrames) => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(300_000),
          fc.integer({ min: 1000, max: 300_000 }),
          async (size, chunk) => {
            const bytes = text.subarray(0, size);
            const settings = { format: "zstd", zstdFrames } as const;
            const [one, two] = [
              await packed(bytes, settings),
              await packed(bytes, settings, chunk),
            ];
            expect(one.equals(two)).toBe(true);
            expect(zlib.zstdDecompressSync(one).equals(bytes)).toBe(true);
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  test("of an empty layer is a frame", async () => {
    for (const zstdFrames of ["one", "parallel"] as const) {
      const bytes = await packed(Buffer.alloc(0), { format: "zstd", zstdFrames });
      expect(zlib.zstdDecompressSync(bytes).byteLength).toBe(0);
    }
  });
});
