import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import { decompressed } from "../../src/compression/compression.ts";
import type { DecompressionOptions } from "../../src/compression/compression.ts";
import type { ImageError } from "../../src/names/image-error.ts";

const mebibyte = 1 << 20;
const bombOfGzip = zlib.gzipSync(Buffer.alloc(4 * mebibyte));
const bombOfZstd = zlib.zstdCompressSync(Buffer.alloc(64 * mebibyte));

/** Repeats the bytes without end. */
async function* endless(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (;;) yield bytes;
}

async function* once(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** The number of decompressed bytes, and the error at the end. */
async function outcome(
  bytes: AsyncIterable<Uint8Array>,
  compression: "gzip" | "zstd" | "xz" | "none",
  options?: DecompressionOptions,
): Promise<{ readonly size: number; readonly error: unknown }> {
  let size = 0;
  try {
    for await (const chunk of decompressed(bytes, compression, options)) size += chunk.byteLength;
  } catch (error) {
    return { size, error };
  }
  return { size, error: undefined };
}

describe("the output of decompression", () => {
  test(
    "ends at 1 GiB if it exceeds 200 times the size of the input",
    { timeout: 120_000 },
    async () => {
      const { size, error } = await outcome(endless(bombOfZstd), "zstd");
      expect(error).toMatchObject({ code: "unsupported" });
      expect(String(error)).toMatch(/200 times.*maxLayerSize/);
      expect(size).toBeGreaterThan(1000 * mebibyte);
      expect(size).toBeLessThanOrEqual(1024 * mebibyte);
    },
  );

  test.each([
    ["at the limit", 4 * mebibyte, undefined],
    ["above it", 4 * mebibyte - 1, "unsupported"],
  ] as const)("is allowed up to maxSize: %s", async (_, maxSize, code) => {
    const { error } = await outcome(once(bombOfGzip), "gzip", { maxSize });
    expect((error as ImageError | undefined)?.code).toBe(code);
  });

  test("counts towards a limit on several streams", async () => {
    const total = { read: 0, written: 2 ** 32 - 4 * mebibyte };
    expect((await outcome(once(bombOfGzip), "gzip", { total })).error).toBeUndefined();
    const { error } = await outcome(once(bombOfGzip), "gzip", { total });
    expect(error).toMatchObject({ code: "unsupported" });
    const own = { total, maxSize: 4 * mebibyte };
    expect((await outcome(once(bombOfGzip), "gzip", own)).error).toBeUndefined();
    total.read = 2 ** 32;
    expect((await outcome(once(bombOfGzip), "gzip", { total })).error).toBeUndefined();
  });

  test("is not limited for uncompressed streams", async () => {
    const { error } = await outcome(once(Buffer.alloc(10)), "none", { maxSize: 1 });
    expect(error).toBeUndefined();
  });
});

describe("an error", () => {
  test.each([
    ["truncated", bombOfGzip.subarray(0, -20)],
    ["damaged", Buffer.from(bombOfGzip).fill(0xff, 100, 200)],
  ])("for data that is %s names the stream", async (_, bytes) => {
    const { error } = await outcome(once(bytes), "gzip", { what: "The layer x" });
    expect(error).toMatchObject({ code: "invalid-manifest" });
    expect(String(error)).toContain("The layer x is compressed with gzip");
  });

  test("of the source passes through unchanged", async () => {
    const failure = new Error("connection lost");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield bombOfGzip.subarray(0, 1000);
      throw failure;
    }
    const { error } = await outcome(cut(), "gzip", { what: "The layer x" });
    expect(error).toBe(failure);
  });

  test("for an unsupported format advises a package", async () => {
    const { error } = await outcome(once(bombOfGzip), "xz", { what: "The layer x" });
    expect(error).toMatchObject({ code: "unsupported" });
    expect(String(error)).toMatch(/The layer x.*@drayage\/image-archive/);
  });
});

test("a zstd frame with a window of more than 128 MiB is rejected", async () => {
  const windowOf256MiB = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 0x01, 0x00, 0x00]);
  const windowOf128MiB = Buffer.from(windowOf256MiB);
  windowOf128MiB[5] = 17 << 3;
  expect((await outcome(once(windowOf128MiB), "zstd")).error).toBeUndefined();
  expect((await outcome(once(windowOf256MiB), "zstd")).error).toBeInstanceOf(Error);
});
