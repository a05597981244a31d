import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";

import { copyImage, openImage, Transports } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { verifyImage } from "@drayage/core/verify";
import { findProgram, imageNames, outputOf } from "@drayage/test-support";
import { assertImage, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { afterAll, describe, expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const folder = await mkdtemp(path.join(tmpdir(), "drayage-written-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const skopeo = findProgram("skopeo");
const transports = new Transports([
  dockerArchive({ append: true, additionalTags: ["example.com/other:2"] }),
  ociArchive({ append: true }),
]);
let count = 0;

function freshFile(): string {
  return path.join(folder, `${count++}.tar`);
}

async function inMemory(
  image: WholeImage,
): Promise<ReturnType<ReturnType<typeof memory>["parseReference"]>> {
  const reference = memory().parseReference("image");
  await writeImage(image, reference);
  return reference;
}

async function digestAt(name: string): Promise<string> {
  await using image = await openImage(transports.parse(name));
  return image.manifest.digest;
}

describe.skipIf(skopeo === undefined)("skopeo reads", () => {
  const digestFor = async (name: string): Promise<string> =>
    (await outputOf(skopeo ?? "", "inspect", "--format", "{{.Digest}}", name)).trim();

  test("each image of a docker archive, by each of its names", async () => {
    const file = freshFile();
    for (const name of ["one:1", "two:1"]) {
      const from = await inMemory(
        await randomImage(name, { layers: 3, compression: ["gzip", "zstd", "none"] }),
      );
      await copyImage(from, transports.parse(`docker-archive:${file}:${name}`));
    }
    const names = [":@0", ":@1", ":one:1", ":two:1", ":example.com/other:2"];
    for (const name of names) {
      const text = `docker-archive:${file}${name}`;
      expect(await digestFor(text)).toBe(await digestAt(text));
    }
    expect(await digestAt(`docker-archive:${file}:example.com/other:2`)).toBe(
      await digestAt(`docker-archive:${file}:two:1`),
    );
    const layout = `oci-archive:${file}:docker.io/library/one:1`;
    expect(await digestFor(layout)).toBe(await digestAt(layout));
  });

  test("an index in an OCI archive, and copies all of it", async () => {
    const [ours, theirs] = [freshFile(), freshFile()];
    const index = await randomIndex("index");
    await writeImage(index, transports.parse(`oci-archive:${ours}:index`));
    await outputOf(
      skopeo ?? "",
      "--insecure-policy",
      "copy",
      "--quiet",
      "--all",
      `oci-archive:${ours}:index`,
      `oci-archive:${theirs}:index`,
    );
    await assertImage(transports.parse(`oci-archive:${theirs}:index`), index);
  });
});

test.each([
  ["gzip", async (bytes: Buffer) => zlib.gzipSync(bytes)],
  ["zstd", async (bytes: Buffer) => zlib.zstdCompressSync(bytes)],
] as const)(
  "an archive compressed with %s is read, and leaves no temporary file",
  async (_, compress) => {
    const [file, compressed] = [freshFile(), freshFile()];
    const image = await randomImage("compressed");
    await writeImage(image, transports.parse(`oci-archive:${file}:image`));
    await writeFile(compressed, await compress(await readFile(file)));
    await assertImage(transports.parse(`oci-archive:${compressed}:image`), image);
  },
);

const compressors = ["xz", "bzip2"];
const missing = compressors.filter((name) => findProgram(name) === undefined);

test.skipIf(missing.length > 0).each(compressors)(
  "an archive compressed with %s is read",
  async (name) => {
    const [file, image] = [freshFile(), await randomImage(name)];
    await writeImage(image, transports.parse(`oci-archive:${file}:image`));
    await outputOf(name, "--keep", file);
    const compressed = `${file}.${name === "xz" ? "xz" : "bz2"}`;
    await assertImage(transports.parse(`oci-archive:${compressed}:image`), image);
    const cut = freshFile();
    await writeFile(cut, (await readFile(compressed)).subarray(0, -20));
    const opened = transports.parse(`oci-archive:${cut}:image`).newImageSource();
    await expect(opened).rejects.toMatchObject({ code: "invalid-manifest" });
  },
);

test("writing an image under another name removes unneeded blobs from an OCI archive", async () => {
  const replacing = ociArchive();
  const file = freshFile();
  const index = await randomIndex("stays");
  await copyImage(
    await inMemory(await randomImage("goes")),
    transports.parse(`oci-archive:${file}:a`),
  );
  await copyImage(await inMemory(index), transports.parse(`oci-archive:${file}:b`), {
    instances: "all",
  });
  const to = replacing.parseReference(`${file}:c`);
  const { blobs } = await copyImage(await inMemory(index), to, { instances: "all" });
  expect(blobs.copied).toBe(0);
  await assertImage(to, index);
  expect(await imageNames(to)).toEqual(["c"]);
  const { size } = await stat(file);
  await copyImage(await inMemory(index), replacing.parseReference(`${freshFile()}:c`), {
    instances: "all",
  });
  expect(size).toBe((await stat(path.join(folder, `${count - 1}.tar`))).size);
});

test("an archive is written to a pipe in order", async () => {
  const [pipe, out] = [path.join(folder, "pipe"), freshFile()];
  await outputOf("mkfifo", pipe);
  const reading = pipeline(createReadStream(pipe), createWriteStream(out));
  const from = await inMemory(await randomImage("piped"));
  await copyImage(from, transports.parse(`docker-archive:${pipe}:piped:1`));
  await reading;
  const { blobs } = await copyImage(
    transports.parse(`docker-archive:${out}:piped:1`),
    memory().parseReference("out"),
  );
  expect(blobs.copied).toBeGreaterThan(1);
});

test.each(["docker-archive", "oci-archive"])(
  "without a name all images of a %s are verified",
  async (transport) => {
    const location = `${transport}:${freshFile()}`;
    for (const name of ["one", "two"])
      await copyImage(
        await inMemory(await randomImage(name, { layers: 2 })),
        transports.parse(`${location}:${name}:1`),
      );
    const { images, read, problems } = await verifyImage(transports.parse(location));
    expect([images, read.count, problems]).toEqual([2, 6, []]);
    expect(await verifyImage(transports.parse(`${location}:@1`))).toMatchObject({ images: 1 });
  },
);
