import zlib from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { gathered } from "../src/byte-stream.ts";
import { compressed, compressionOf, decompressed, sniffed } from "../src/compression.ts";

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const limit = 1 << 24;

describe("compression", () => {
  test.each([
    ["gzip", zlib.gzipSync("x")],
    ["zstd", zlib.zstdCompressSync("x")],
    ["bzip2", Buffer.from("BZh91AY")],
    ["xz", Buffer.from("fd377a585a0000", "hex")],
    ["none", Buffer.from("hello tar")],
    ["none", Buffer.from([])],
    ["none", Buffer.from([0x1f])],
  ] as const)("%s is known by its first bytes", (name, bytes) => {
    expect(compressionOf(bytes)).toBe(name);
  });

  test("is recognised however the bytes are cut, and no byte is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 4 })), async (parts) => {
        const whole = Buffer.concat([zlib.gzipSync("x").subarray(0, 3), ...parts]);
        const bytewise = Array.from(whole, (byte) => Uint8Array.of(byte));
        const found = await sniffed(streamOf(...bytewise));
        expect(found.compression).toBe("gzip");
        expect(Buffer.concat([await gathered(found.bytes, limit)])).toEqual(whole);
      }),
    );
  });

  test("of a stream can be undone by other programs, and theirs by us", async () => {
    const bytes = Buffer.from("some text, and again some text. ".repeat(10_000));
    const parts = [bytes.subarray(0, 1), bytes.subarray(1, 100_000), bytes.subarray(100_000)];
    const gzip = await gathered(compressed(streamOf(...parts), "gzip"), limit);
    const zstd = await gathered(compressed(streamOf(...parts), "zstd"), limit);
    expect(zlib.gunzipSync(gzip)).toEqual(bytes);
    expect(zlib.zstdDecompressSync(zstd)).toEqual(bytes);
    expect(gzip.byteLength).toBeLessThan(bytes.byteLength / 10);
    for (const [name, packed] of [
      ["gzip", gzip],
      ["zstd", zstd],
      ["none", bytes],
    ] as const) {
      const unpacked = await gathered(decompressed(streamOf(packed), name), limit);
      expect(Buffer.concat([unpacked])).toEqual(bytes);
    }
  });

  test("passes an error of its source on, untouched", async () => {
    const failure = new Error("the line was cut");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000, "x");
      throw failure;
    }
    await expect(gathered(compressed(cut(), "gzip"), limit)).rejects.toBe(failure);
  });

  test("closes its source when it is left", async () => {
    let isOpen = true;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(100_000, Math.random().toString());
      } finally {
        isOpen = false;
      }
    }
    for await (const chunk of compressed(endless(), "gzip")) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => isOpen).toBe(false);
  });

  const noticed = process.versions.node.startsWith("22.") ? ["gzip"] : ["gzip", "zstd"];

  test.each(noticed as ("gzip" | "zstd")[])(
    "of a truncated %s stream is an error",
    async (name) => {
      const packed = await gathered(compressed(streamOf(Buffer.alloc(50_000, "ab")), name), limit);
      const attempt = gathered(decompressed(streamOf(packed.subarray(0, -5)), name), limit);
      await expect(attempt).rejects.toBeInstanceOf(Error);
    },
  );
});
