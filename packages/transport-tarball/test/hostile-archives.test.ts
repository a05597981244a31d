import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { copyImage, digestOf, isImageError } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import {
  hostileArchives,
  isTorture,
  smallArchive,
  smallArchiveBut,
  tarFile,
  tarRecord,
} from "@drayage/test-support";
import { assertNoImage, randomImage, writeImage } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-hostile-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const file = path.join(folder, "archive.tar");

const contents = new Map(smallArchive.map(({ name, content }) => [name, String(content)]));
const [layer = "", config = "", manifest = ""] = ["l.tar", "c.json", "manifest.json"].map((name) =>
  contents.get(name),
);

async function copied(content: Buffer): Promise<unknown> {
  await writeFile(file, content);
  const to = memory().parseReference("out");
  try {
    await copyImage(dockerArchive().parseReference(file), to);
  } catch (error) {
    await assertNoImage(to);
    return error;
  }
  expect(await readdir(folder)).toEqual(["archive.tar"]);
  return undefined;
}

test("names that begin with a dot, long names and internal links are accepted", async () => {
  const linked = manifest.replace("l.tar", "link.tar");
  const content = tarFile([
    { name: "././@LongLink", type: "L", content: "./c.json\0" },
    { name: "cut", content: config },
    { name: "pax", type: "x", content: tarRecord("path", "deep/l.tar") },
    { name: "cut", content: layer },
    { name: "./link.tar", type: "2", linkName: "deep/l.tar" },
    { name: "manifest.json", content: linked },
    { name: "manifest.json", content: linked },
  ]);
  expect(await copied(content)).toBeUndefined();
});

test.each(hostileArchives)("$what is rejected by name", async ({ content, culprit }) => {
  const error = await copied(content);
  expect(error).toMatchObject({ code: "invalid-manifest" });
  expect((error as Error).message).toContain(culprit);
});

describe("an archive truncated at any byte", () => {
  const layout = async (): Promise<Buffer> => {
    const written = path.join(folder, "written");
    const random = await randomImage("cut", { layers: 1, layerSize: 300 });
    await writeImage(random, ociArchive().parseReference(`${written}:image`));
    const content = await readFile(written);
    await rm(written);
    return content;
  };

  /** The bytes that the end may lack: empty blocks, and `oci-layout`, which readers of an image do not need. */
  test.each([
    ["docker-archive", dockerArchive(), async () => tarFile(smallArchive), 1024 + 512],
    ["oci-archive", ociArchive(), layout, 1024 + 1024 + 512],
  ] as const)("is rejected as %s, or lacks no content", async (_, transport, made, mayLack) => {
    const content = await made();
    await writeFile(file, content);
    const whole: number[] = [];
    for (const length of lengthsOf(content)) {
      await truncate(file, length);
      if (await canBeCopied(transport.parseReference(file))) whole.push(length);
    }
    expect(whole).toContain(content.byteLength);
    expect(whole.at(-1)).toBeGreaterThan(content.byteLength - mayLack);
  });

  /** From the whole archive down: each end of a block, the bytes beside it, and some within. Every byte in torture. */
  function lengthsOf({ byteLength }: Buffer): readonly number[] {
    const lengths = Array.from({ length: byteLength + 1 }, (_, at) => byteLength - at);
    const isBesideEnd = (length: number): boolean => [511, 0, 1].includes(length % 512);
    return lengths.filter((length) => isTorture || isBesideEnd(length) || length % 29 === 0);
  }

  async function canBeCopied(reference: ImageReference): Promise<boolean> {
    try {
      await copyImage(reference, memory().parseReference("out"));
      return true;
    } catch (error) {
      if (isImageError(error)) return false;
      throw error;
    }
  }
});

test("a layer listed ten thousand times is decompressed once to compute its size", async () => {
  const count = 10_000;
  const compressed = gzipSync(Buffer.alloc(5_000_000));
  const diffID = digestOf(Buffer.alloc(5_000_000));
  const content = tarFile([
    {
      name: "c.json",
      content: JSON.stringify({ rootfs: { diff_ids: Array(count).fill(diffID) } }),
    },
    { name: "l.tar", content: compressed },
    {
      name: "manifest.json",
      content: JSON.stringify([{ Config: "c.json", Layers: Array(count).fill("l.tar") }]),
    },
  ]);
  await writeFile(file, content);
  await using source = await dockerArchive().parseReference(file).newImageSource();
  expect(parseManifest(await source.getManifest())).toMatchObject({ layers: { length: count } });
});

test("an endlessly growing layer is rejected by name", async () => {
  const frame = zstdCompressSync(Buffer.alloc(64 << 20));
  const error = await copied(
    smallArchiveBut({ name: "l.tar", content: Buffer.alloc(frame.byteLength * 20, frame) }),
  );
  expect(error).toMatchObject({ code: "invalid-manifest" });
  expect((error as Error).message).toMatch(/"l\.tar".*200 times/);
});
