import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { addAbortSignal, PassThrough } from "node:stream";
import zlib from "node:zlib";

import { findProgram, outputOf, scratchFolder, tarFile } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { openArchiveFile, openArchiveStream, spooled, decompressedBytes } from "../../src/index.ts";
import { smallDisk } from "../small-disk.ts";

const content = Buffer.alloc(1_500_000, "content");

async function* chunks(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes));
}

describe("a spool", () => {
  test("is read in any order, and its file has no name", async () => {
    const folder = await scratchFolder();
    await using spool = await spooled(chunks(content, content), "here", { folder });
    expect(await readdir(folder)).toEqual([]);
    expect(spool).toMatchObject({ location: "here", size: 3_000_000 });
    const parts = await Promise.all([
      read(spool.read({ start: 2_000_000 })),
      read(spool.read({ start: 0, end: 1_999_999 })),
    ]);
    expect(Buffer.concat(parts.toReversed()).equals(Buffer.concat([content, content]))).toBe(true);
  });

  test("leaves no file if its stream fails", async () => {
    const folder = await scratchFolder();
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield content;
      throw new Error("broken");
    };
    await expect(spooled(failing(), "here", { folder })).rejects.toThrow("broken");
    expect(await readdir(folder)).toEqual([]);
  });

  test("leaves no file if it is aborted", async () => {
    const folder = await scratchFolder();
    const abort = new AbortController();
    const aborting = async function* (): AsyncGenerator<Uint8Array> {
      yield content;
      abort.abort(new Error("enough"));
      yield content;
    };
    const options = { folder, signal: abort.signal };
    await expect(spooled(aborting(), "here", options)).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual([]);
  });

  test("names the full disk, and frees its space", async ({ skip }) => {
    const folder = await smallDisk();
    if (folder === undefined) return skip("the user has no permission to mount");
    const large = spooled(chunks(content, content, content), "here", { folder });
    await expect(large).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(folder) as string,
    });
    await using small = await spooled(chunks(content), "here", { folder });
    expect(small.size).toBe(content.byteLength);
  });
});

test("opening an idle pipe can be aborted", async () => {
  const abort = new AbortController();
  const pipe = addAbortSignal(abort.signal, new PassThrough());
  const opened = openArchiveStream(pipe as AsyncIterable<Uint8Array>, "pipe", {
    signal: abort.signal,
  });
  const reason = new Error("enough");
  abort.abort(reason);
  await expect(opened).rejects.toBe(reason);
});

type Compress = (bytes: Uint8Array) => Promise<Buffer>;

const compressors = (
  [
    ["gzip", async (bytes: Uint8Array) => zlib.gzipSync(bytes)],
    ["zstd", async (bytes: Uint8Array) => zlib.zstdCompressSync(bytes)],
    ["xz", compressedBy("xz", "xz")],
    ["bzip2", compressedBy("bzip2", "bz2")],
  ] satisfies readonly (readonly [string, Compress])[]
).filter(([name]) => ["gzip", "zstd"].includes(name) || findProgram(name) !== undefined);

function compressedBy(program: string, ending: string): Compress {
  return async (bytes) => {
    const file = path.join(await scratchFolder(), "compressed");
    await writeFile(file, bytes);
    await outputOf(program, file);
    return readFile(`${file}.${ending}`);
  };
}

describe.each(compressors)("an archive compressed with %s", (_, compress) => {
  const text = "hello ".repeat(1000);
  const image = tarFile([{ name: "file", content: text }]);

  test("is read as one or two frames, from a file or a pipe", async () => {
    const file = path.join(await scratchFolder(), "file");
    const two = [await compress(image.subarray(0, 2000)), await compress(image.subarray(2000))];
    for (const compressed of [await compress(image), Buffer.concat(two)]) {
      await writeFile(file, compressed);
      const pipe = chunks(compressed.subarray(0, 3), compressed.subarray(3));
      await using fromFile = await openArchiveFile(file);
      await using fromPipe = await openArchiveStream(pipe, "pipe");
      for (const archive of [fromFile, fromPipe])
        expect((await archive.readSmall("file", 10_000))?.toString()).toBe(text);
    }
  });

  test("and truncated anywhere is rejected with the name of its file", async () => {
    const file = path.join(await scratchFolder(), "file");
    const compressed = await compress(image);
    const step = Math.ceil(compressed.byteLength / 60);
    for (let length = 10; length < compressed.byteLength; length += step) {
      await writeFile(file, compressed.subarray(0, length));
      await expect(openArchiveFile(file)).rejects.toMatchObject({
        code: "invalid-manifest",
        message: expect.stringContaining(file) as string,
      });
    }
  });
});

test("a decompression bomb is rejected", async () => {
  const compressed = zlib.zstdCompressSync(Buffer.alloc(64 << 20));
  const frames = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield compressed;
  };
  let size = 0;
  const reading = async (): Promise<void> => {
    for await (const chunk of decompressedBytes(frames(), "zstd")) size += chunk.byteLength;
  };
  await expect(reading()).rejects.toThrow("200 times");
  expect(size).toBeLessThan(1.1 * 2 ** 30);
});
