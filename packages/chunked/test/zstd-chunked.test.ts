import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import zlib from "node:zlib";

import { isImageError } from "@drayage/core";
import { findProgram } from "@drayage/test-support";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { chunked, uncompressed } from "./compressed-layer.ts";
import type { ChunkedLayer, ContentsEntry } from "./compressed-layer.ts";

let folder: string;
let tar: Buffer;
let layer: ChunkedLayer;
const random = randomBytes(300_000);
const sparse = Buffer.concat([
  random.subarray(0, 5000),
  Buffer.alloc(9_000_000),
  random.subarray(0, 77),
]);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "drayage-"));
  const root = path.join(folder, "root");
  await mkdir(path.join(root, "empty"), { recursive: true });
  await writeFile(path.join(root, "random"), random);
  await writeFile(path.join(root, "holes"), sparse);
  await writeFile(path.join(root, "nothing"), "");
  await writeFile(path.join(root, "small"), "small");
  await writeFile(path.join(root, `${"long".repeat(40)} ä`), "long name");
  await symlink("small", path.join(root, "link"));
  await utimes(path.join(root, "small"), 1.25, 1234.5);
  const args = [
    "--format=pax",
    "--owner=7",
    "--group=8",
    "--sort=name",
    "-C",
    root,
    "-cf",
    "-",
    ".",
  ];
  tar = spawnSync("tar", args, { maxBuffer: 1 << 28 }).stdout;
  layer = await chunked(tar);
});

afterAll(async () => rm(folder, { recursive: true }));

function entry(name: string): ContentsEntry {
  const found = layer.contents.entries.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no entry ${name}`);
  return found;
}

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe("a layer of zstd:chunked", () => {
  test("decompresses to the original tar file", async () => {
    expect((await uncompressed(layer.bytes)).equals(tar)).toBe(true);
  });

  test.skipIf(!findProgram("zstd"))("decompresses with the program zstd", () => {
    const result = spawnSync("zstd", ["-dc"], { input: layer.bytes, maxBuffer: 1 << 28 });
    expect([result.status, result.stdout.equals(tar)]).toEqual([0, true]);
  });

  test("is the same for any chunks of the source", async () => {
    const other = await chunked(tar, 131_071);
    expect(other.bytes.equals(layer.bytes)).toBe(true);
    expect(other.annotations).toEqual(layer.annotations);
  });

  test("has the digest of its table of contents in an annotation, and its positions in the footer", () => {
    const [start = 0, size = 0, textSize = 0, type = 0] = (
      layer.annotations["io.github.containers.zstd-chunked.manifest-position"] ?? ""
    )
      .split(":")
      .map(Number);
    const compressed = layer.bytes.subarray(start, start + size);
    expect(layer.annotations["io.github.containers.zstd-chunked.manifest-checksum"]).toBe(
      digestOf(compressed),
    );
    const footer = layer.bytes.subarray(-64);
    const number = (at: number): number => Number(footer.readBigUInt64LE(8 * at));
    expect([0, 1, 2, 3].map(number)).toEqual([start, size, textSize, type]);
    expect(layer.annotations["io.github.containers.zstd-chunked.tarsplit-position"]).toBe(
      [4, 5, 6].map(number).join(":"),
    );
    expect(footer.toString("latin1", 56)).toBe("GNUlInUx");
  });
});

describe("the table of contents", () => {
  test("describes members like their headers", () => {
    expect(layer.contents.version).toBe(1);
    const owner = { uid: 7, gid: 8 };
    expect(entry("./small")).toMatchObject({
      type: "reg",
      size: 5,
      ...owner,
      modtime: "1970-01-01T00:20:34.5Z",
      digest: digestOf(Buffer.from("small")),
    });
    expect(entry("./link")).toMatchObject({ type: "symlink", linkName: "small", ...owner });
    expect(entry("./empty/")).toMatchObject({ type: "dir", mode: expect.any(Number), ...owner });
    expect(entry(`./${"long".repeat(40)} ä`)).toMatchObject({ type: "reg", size: 9 });
    const { digest, offset, endOffset, size } = entry("./nothing");
    expect([digest, offset, endOffset, size]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("has the position and digest of the content of each file", async () => {
    const contents = new Map([
      ["./small", Buffer.from("small")],
      ["./random", random],
      ["./holes", sparse],
    ]);
    for (const [name, content] of contents) {
      const { digest, offset = 0, endOffset = 0, size } = entry(name);
      expect([name, digest, size]).toEqual([name, digestOf(content), content.byteLength]);
      const found = await uncompressed(layer.bytes.subarray(offset, endOffset));
      expect(found.equals(content)).toBe(true);
    }
  });

  test("has the chunks of files with several, each in a frame of its own", async () => {
    for (const [name, content] of [
      ["./random", random],
      ["./holes", sparse],
    ] as const) {
      const chunks = layer.contents.entries.filter((one) => one.name === name);
      expect(chunks.map(({ type }) => type)).toEqual([
        "reg",
        ...chunks.slice(1).map(() => "chunk"),
      ]);
      const { endOffset } = entry(name);
      let position = 0;
      for (const [
        at,
        { offset = 0, chunkOffset = 0, chunkSize = 0, chunkDigest },
      ] of chunks.entries()) {
        expect(chunkOffset).toBe(position);
        const bytes = content.subarray(position, position + chunkSize);
        expect(chunkDigest).toBe(digestOf(bytes));
        const end = chunks[at + 1]?.offset ?? endOffset;
        expect((await uncompressed(layer.bytes.subarray(offset, end))).equals(bytes)).toBe(true);
        position += chunkSize;
      }
      expect(position).toBe(content.byteLength);
    }
  });

  test("marks holes, which end at data", () => {
    const chunks = layer.contents.entries.filter((one) => one.name === "./holes");
    const zeros = chunks.filter(({ chunkType }) => chunkType === "zeros");
    expect(zeros.reduce((sum, { chunkSize = 0 }) => sum + chunkSize, 0)).toBe(9_000_000);
    expect(zeros[0]?.chunkOffset).toBe(5000);
  });

  test("has no chunks for a file with one", () => {
    const { chunkSize, chunkDigest } = entry("./small");
    expect([chunkSize, chunkDigest]).toEqual([undefined, undefined]);
  });

  test("keeps the chunks of a file that gets longer at its start", async () => {
    const one = await chunksOf(random);
    const two = await chunksOf(Buffer.concat([Buffer.from("inserted"), random]));
    const same = two.filter((digest) => one.includes(digest));
    expect(one.length).toBeGreaterThan(2);
    expect(same.length).toBeGreaterThanOrEqual(one.length - 2);
  });
});

/** The digests of the chunks of a file. */
async function chunksOf(content: Buffer): Promise<readonly unknown[]> {
  const file = path.join(folder, "file");
  await writeFile(file, content);
  const args = ["-C", folder, "-cf", "-", "file"];
  const { contents } = await chunked(spawnSync("tar", args, { maxBuffer: 1 << 28 }).stdout);
  return contents.entries.map(({ chunkDigest }) => chunkDigest);
}

describe("tar-split", () => {
  test("has the digest in the table of contents", () => {
    const [start = 0, size = 0] = (
      layer.annotations["io.github.containers.zstd-chunked.tarsplit-position"] ?? ""
    )
      .split(":")
      .map(Number);
    const compressed = layer.bytes.subarray(start, start + size);
    expect(layer.contents.tarSplitDigest).toBe(digestOf(compressed));
  });

  test.skipIf(!findProgram("tar-split"))(
    "assembles the original tar file from the files",
    async () => {
      const input = path.join(folder, "split.json.gz");
      const output = path.join(folder, "assembled.tar");
      await writeFile(input, zlib.gzipSync(layer.tarSplit));
      const root = path.join(folder, "root");
      const result = spawnSync("tar-split", [
        "asm",
        "--input",
        input,
        "--output",
        output,
        "--path",
        root,
      ]);
      expect([result.status, result.stderr.toString()]).toEqual([0, expect.any(String)]);
      expect((await readFile(output)).equals(tar)).toBe(true);
    },
  );
});

describe("a layer is rejected if", () => {
  async function tarOf(...args: readonly string[]): Promise<Buffer> {
    return spawnSync("tar", ["-C", path.join(folder, "root"), "-cf", "-", ...args]).stdout;
  }

  test.each<[string, () => Promise<Uint8Array>]>([
    ["it is no tar file", async () => randomBytes(5000)],
    ["it is cut in a header", async () => tar.subarray(0, 100)],
    ["it is cut in a file", async () => tar.subarray(0, tar.indexOf("./random") + 10_000)],
    ["a path is in it twice", async () => tarOf("small", "./small")],
    ["a header is damaged", async () => Buffer.from(await tarOf("small")).fill("x", 0, 5)],
    [
      "another member follows the end",
      async () => Buffer.from(await tarOf("link")).fill("x", 1024, 1028),
    ],
    [
      "a member is sparse",
      async () => {
        const file = path.join(folder, "root", "sparse");
        await writeFile(file, "");
        await truncate(file, 1 << 20);
        return tarOf("--sparse", "sparse");
      },
    ],
    [
      "a name is not UTF-8",
      async () => {
        await writeFile(Buffer.concat([Buffer.from(`${folder}/root/`), Buffer.from([0xff])]), "");
        return tarOf("--format=gnu", "--wildcards", ".");
      },
    ],
  ])("%s", async (_, layerOf) => {
    const bytes = await layerOf();
    const result = chunked(bytes).then(
      () => "compressed",
      (error: unknown) => (isImageError(error) ? error.code : error),
    );
    expect(await result).toBe("unsupported");
  });
});
