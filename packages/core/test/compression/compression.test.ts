import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import zlib from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  compressed,
  compressionOf,
  decompressed,
  detectCompression,
} from "../../src/compression/compression.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import { verified } from "../../src/content/verified-blob.ts";
import { digestOf } from "../../src/names/digest.ts";

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
  ] as const)("%s is detected by its first bytes", (name, bytes) => {
    expect(compressionOf(bytes)).toBe(name);
  });

  test("is detected for any chunk boundaries, and no byte is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 4 })), async (parts) => {
        const whole = Buffer.concat([zlib.gzipSync("x").subarray(0, 3), ...parts]);
        const bytewise = Array.from(whole, (byte) => Uint8Array.of(byte));
        const found = await detectCompression(streamOf(...bytewise));
        expect(found.compression).toBe("gzip");
        expect(Buffer.concat([await readAll(found.bytes, limit)])).toEqual(whole);
      }),
    );
  });

  test("is compatible with zlib in both directions", async () => {
    const bytes = Buffer.from("some text, and again some text. ".repeat(10_000));
    const parts = [bytes.subarray(0, 1), bytes.subarray(1, 100_000), bytes.subarray(100_000)];
    const gzip = await readAll(compressed(streamOf(...parts), "gzip"), limit);
    const zstd = await readAll(compressed(streamOf(...parts), "zstd"), limit);
    expect(zlib.gunzipSync(gzip)).toEqual(bytes);
    expect(zlib.zstdDecompressSync(zstd)).toEqual(bytes);
    expect(gzip.byteLength).toBeLessThan(bytes.byteLength / 10);
    for (const [name, compressedBytes] of [
      ["gzip", gzip],
      ["zstd", zstd],
      ["none", bytes],
    ] as const) {
      const decompressedBytes = await readAll(decompressed(streamOf(compressedBytes), name), limit);
      expect(Buffer.concat([decompressedBytes])).toEqual(bytes);
    }
  });

  test("passes on an error of its source unchanged", async () => {
    const failure = new Error("connection lost");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000, "x");
      throw failure;
    }
    await expect(readAll(compressed(cut(), "gzip"), limit)).rejects.toBe(failure);
  });

  test("closes its source when the reader stops", async () => {
    let isOpen = true;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(100_000, Math.random().toString());
      } finally {
        isOpen = false;
      }
    }
    const compressedBytes = compressed(endless(), "gzip")[Symbol.asyncIterator]();
    const head = await compressedBytes.next();
    const block = await compressedBytes.next();
    expect([head.done, block.done, isOpen]).toEqual([false, false, true]);
    await compressedBytes.return?.();
    expect(isOpen).toBe(false);
  });

  test.each(["gzip", "zstd"] as const)("of a truncated %s stream is an error", async (name) => {
    const compressedBytes = await readAll(
      compressed(streamOf(Buffer.alloc(50_000, "ab")), name),
      limit,
    );
    const attempt = readAll(decompressed(streamOf(compressedBytes.subarray(0, -5)), name), limit);
    await expect(attempt).rejects.toBeInstanceOf(Error);
  });

  test("reads a verified source to its end, whatever follows the compressed data", async () => {
    const wanted = digestOf(zlib.gzipSync("the right layer"));
    const paddings = [Buffer.alloc(1), Buffer.alloc(300_000)];
    for (const padding of paddings) {
      const other = Buffer.concat([zlib.gzipSync("another layer"), padding]);
      const bytes = verified(inChunks(other), { digest: wanted });
      await expect(readAll(decompressed(bytes, "gzip"), limit)).rejects.toMatchObject({
        code: "digest-mismatch",
      });
    }
  });

  test("is rejected if other programs would decompress more", async () => {
    const zeros = Buffer.alloc(10);
    const member = zlib.gzipSync("one");
    for (const rest of [Buffer.from("x"), member, Buffer.alloc(300_000, "\0x")]) {
      const bytes = Buffer.concat([member, zeros, rest]);
      for (const stream of [streamOf(bytes), inChunks(bytes), byteByByte(bytes.subarray(0, 100))]) {
        await expect(readAll(decompressed(stream, "gzip"), limit)).rejects.toMatchObject({
          code: "unsupported",
        });
      }
    }
    const members = streamOf(Buffer.concat([member, member, zeros]));
    expect(Buffer.from(await readAll(decompressed(members, "gzip"), limit)).toString()).toBe(
      "oneone",
    );
  });

  test("that is damaged is an error, although its source stalls", async () => {
    const never = Promise.withResolvers<never>();
    async function* stalling(): AsyncGenerator<Uint8Array> {
      yield zlib.gzipSync("content").fill(0xff, 10);
      await never.promise;
    }
    await expect(readAll(decompressed(stalling(), "gzip"), limit)).rejects.toBeInstanceOf(Error);
  });

  test("that is damaged is an error, and closes its source", async () => {
    let isOpen = false;
    async function* damaged(): AsyncGenerator<Uint8Array> {
      isOpen = true;
      try {
        yield zlib.gzipSync(randomBytes(100_000)).subarray(0, 50_000);
        for (;;) yield Buffer.alloc(100_000, "x");
      } finally {
        isOpen = false;
      }
    }
    await expect(readAll(decompressed(damaged(), "gzip"), limit)).rejects.toBeInstanceOf(Error);
    await expect.poll(() => isOpen).toBe(false);
  });
});

const mebibyte = 1 << 20;

async function* byteByByte(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1) yield bytes.subarray(at, at + 1);
}

/** Splits at positions that are not block boundaries. */
async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 77_777) yield bytes.subarray(at, at + 77_777);
}

function sampleBytes(size: number, content: "random" | "repeated" | "text"): Buffer {
  switch (content) {
    case "random":
      return randomBytes(size);
    case "repeated":
      return Buffer.alloc(size, "a");
    case "text":
      return Buffer.alloc(
        size,
        Array.from({ length: 5000 }, (_, at) => `line ${at * at}\n`).join(""),
      );
  }
}

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

describe.each([
  ["gzip", mebibyte / 2],
  ["zstd", 4 * mebibyte],
] as const)("%s in blocks", (name, blockSize) => {
  const sizes = [0, 1, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize + 12_345];
  const samples = sizes.flatMap((size) =>
    (["random", "repeated", "text"] as const).map((content) => [size, content] as const),
  );

  test.each(samples)("%i bytes that are %s are restored", async (size, content) => {
    const bytes = sampleBytes(size, content);
    const compressedBytes = await readAll(compressed(inChunks(bytes), name), limit * 2);
    const decompressedBytes = await readAll(
      decompressed(inChunks(compressedBytes), name),
      limit * 2,
    );
    expect(Buffer.from(decompressedBytes).equals(bytes)).toBe(true);
    expect(compressedBytes.byteLength).toBeLessThan(bytes.byteLength * 1.002 + 64);
  });

  test("is the same each time, for any chunk boundaries", async () => {
    const bytes = sampleBytes(2 * blockSize + 7, "text");
    const attempts = [inChunks(bytes), streamOf(bytes), inChunks(bytes)].map(async (stream) =>
      digestOf(await readAll(compressed(stream, name), limit)),
    );
    const [first, ...others] = await Promise.all(attempts);
    for (const other of others) expect(other).toBe(first);
  });

  test.skipIf(!isInstalled(name))(`is accepted by the program ${name}`, async () => {
    const bytes = sampleBytes(2 * blockSize + 7, "text");
    const compressedBytes = await readAll(compressed(inChunks(bytes), name), limit);
    const result = spawnSync(name, ["-dc"], { input: compressedBytes, maxBuffer: limit * 2 });
    expect([result.status, result.stderr.toString()]).toEqual([0, ""]);
    expect(result.stdout.equals(bytes)).toBe(true);
  });

  test("fails with the error of its source", async () => {
    const failure = new Error("connection lost");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield* inChunks(sampleBytes(2 * blockSize, "text"));
      throw failure;
    }
    await expect(readAll(compressed(cut(), name), limit)).rejects.toBe(failure);
  });
});

test("blocks of gzip form one member, nearly as small as without blocks", async () => {
  const bytes = sampleBytes(4 * mebibyte + 5, "text");
  const compressedBytes = await readAll(compressed(inChunks(bytes), "gzip"), limit);
  const inflate = zlib.inflateRawSync(compressedBytes.subarray(10), { info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: zlib.InflateRaw;
  };
  expect(inflate.buffer.equals(bytes)).toBe(true);
  expect(inflate.engine.bytesWritten).toBe(compressedBytes.byteLength - 10 - 8);
  expect(compressedBytes.byteLength).toBeLessThan(
    zlib.gzipSync(bytes, { level: 4 }).byteLength * 1.02,
  );
});

describe("zstd with several frames", () => {
  const frame = (size: number, fill: string): Buffer =>
    zlib.zstdCompressSync(Buffer.alloc(size, fill), {
      params: { [zlib.constants.ZSTD_c_checksumFlag]: fill === "c" ? 1 : 0 },
    });
  const skippable = Buffer.from("502a4d1805000000ffffffffff", "hex");
  const frames = [frame(300_000, "a"), skippable, frame(1, "b"), frame(0, ""), frame(500_000, "c")];
  const stream = Buffer.concat(frames);
  const content = Buffer.concat([
    Buffer.alloc(300_000, "a"),
    Buffer.from("b"),
    Buffer.alloc(500_000, "c"),
  ]);

  test("is decompressed to its last frame, for any chunk boundaries", async () => {
    for (const size of [1, 2, 7, 64, 1000, stream.byteLength]) {
      const parts = Array.from({ length: Math.ceil(stream.byteLength / size) }, (_, at) =>
        stream.subarray(at * size, (at + 1) * size),
      );
      const decompressedBytes = await readAll(decompressed(streamOf(...parts), "zstd"), limit);
      expect(Buffer.from(decompressedBytes).equals(content)).toBe(true);
    }
  });

  test("is an error if it is truncated anywhere, or followed by other data", async () => {
    const ends = new Set(frames.map((_, at) => Buffer.concat(frames.slice(0, at)).byteLength));
    for (let end = 1; end < stream.byteLength; end++) {
      const attempt = readAll(decompressed(streamOf(stream.subarray(0, end)), "zstd"), limit);
      const isWhole = await attempt.then(
        () => true,
        () => false,
      );
      expect([end, isWhole]).toEqual([end, ends.has(end)]);
    }
    const followed = Buffer.concat([stream, Buffer.from("what is this")]);
    await expect(readAll(decompressed(streamOf(followed), "zstd"), limit)).rejects.toBeInstanceOf(
      Error,
    );
  });
});
