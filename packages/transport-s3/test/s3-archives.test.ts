import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { copyImage, digestOf } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import type { S3Server } from "@drayage/mock-servers";
import {
  hostileArchives,
  imageNames,
  scratchFolder,
  smallArchive,
  tarFile,
  tarMember,
} from "@drayage/test-support";
import { describe, expect, test, vi } from "vitest";

import { s3 } from "../src/index.ts";
import { dockerSave, layersOf, savedImage } from "./archives.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const key = "images/a.tar";

async function served(archive: Uint8Array, server?: S3Server): Promise<S3Server> {
  const started = server ?? (await startBucket());
  await started.bucket().put(key, archive);
  return started;
}

function image(server: S3Server, name = ""): ImageReference {
  return transportTo(server).parseReference(`//bucket/${key}${name}`);
}

/** The number and bytes of GET responses. Fails if there was any other request. */
function spent({ requests }: S3Server): { readonly gets: number; readonly bytes: number } {
  expect(countOf(requests, "GetObject")).toBe(requests.length);
  return {
    gets: requests.length,
    bytes: requests.reduce((sum, { responseBytes }) => sum + responseBytes, 0),
  };
}

async function copied(reference: ImageReference): Promise<number> {
  const { blobs } = await copyImage(reference, memory().parseReference("out"));
  return blobs.copied + blobs.reused;
}

describe("an archive", () => {
  const layerSize = 200_000;
  const one = savedImage("one", 60, layerSize);
  const two = savedImage("two", 60, layerSize);

  test("with sixty layers needs about as many requests", async () => {
    const archive = dockerSave(one);
    await using server = await served(archive);
    await using source = await image(server).newImageSource();
    const found = spent(server);
    expect(found.gets).toBeLessThanOrEqual(62);
    expect(found.bytes).toBeLessThanOrEqual(62 << 16);
    server.clear();
    for (const digest of await layersOf(source))
      for await (const _ of source.getBlob({ digest })) server.requests.at(0);
    expect(spent(server)).toEqual({ gets: 60, bytes: 60 * layerSize });
  });

  test("is not read where only another image needs it", async () => {
    await using server = await served(dockerSave(one, two));
    await using source = await image(server, ":two:1").newImageSource();
    server.clear();
    expect(await copied(image(server, ":two:1"))).toBe(61);
    expect(spent(server).bytes).toBeLessThan(60 * layerSize + (124 << 16));
    expect(await layersOf(source)).toEqual(two.layers.map((layer) => digestOf(layer)));
  });

  test("with small members needs few requests", async () => {
    await using server = await served(dockerSave(savedImage("small", 12, 1000)));
    expect(await copied(image(server))).toBe(13);
    expect(spent(server).gets).toBe(1);
  });

  test("caches a small layer even if buffers are reused", async () => {
    const saved = savedImage("held", 2, 64_000);
    await using server = await served(dockerSave(saved));
    await using source = await image(server).newImageSource();
    server.clear();
    for (const _ of ["once", "twice"]) {
      const [digest] = await layersOf(source);
      const hash = createHash("sha256");
      for await (const chunk of source.getBlob({ digest }, { reuseBuffers: true }))
        hash.update(chunk);
      expect(`sha256:${hash.digest("hex")}`).toBe(digest);
    }
    expect(spent(server)).toEqual({ gets: 1, bytes: 64_000 });
  });

  test("with a large layer is read in several ranges at once", async () => {
    const large = savedImage("large", 1, 12 << 20);
    await using server = await served(dockerSave(large));
    const transport = transportTo(server, { partSize: 5 << 20 });
    const reference = transport.parseReference(`//bucket/${key}`);
    await using source = await reference.newImageSource();
    server.clear();
    const [digest] = await layersOf(source);
    const chunks = await Array.fromAsync(source.getBlob({ digest }));
    expect(digestOf(Buffer.concat(chunks))).toBe(digest);
    expect(spent(server)).toEqual({ gets: 3, bytes: 12 << 20 });
  });

  test("lists the names of all images", async () => {
    await using server = await served(dockerSave(one, { ...two, tags: [] }));
    expect(await imageNames(transportTo(server).parseReference(`//bucket/${key}`))).toEqual([
      "one:1",
      "@1",
    ]);
  });
});

describe("an image in an archive", () => {
  test.each([
    ["docker.io/library/x:1", "x:1"],
    ["x:1", "x:1"],
    ["@1", "x:1"],
    ["example.com:5000/y", "example.com:5000/y:latest"],
  ])("is selected by %s", async (name, tag) => {
    const images = ["a:1", "x:1", "example.com:5000/y:latest"].map((one) => ({
      ...savedImage(one, 1, 100),
      tags: [one],
    }));
    await using server = await served(dockerSave(...images));
    await using source = await image(server, `:${name}`).newImageSource();
    const meant = images.find(({ tags }) => tags.includes(tag));
    expect(await layersOf(source)).toEqual(meant?.layers.map((layer) => digestOf(layer)));
  });

  test("that is absent is `not-found`; the error lists the available images", async () => {
    await using server = await served(dockerSave(savedImage("one", 1, 1)));
    for (const name of [":two:1", ":@1"])
      await expect(image(server, name).newImageSource()).rejects.toMatchObject({
        code: "not-found",
        message: expect.stringContaining("@0") as string,
      });
  });

  test("is `not-found` if the archive is absent", async () => {
    await using server = await startBucket();
    await expect(image(server).newImageSource()).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("an archive that is replaced during a read is a conflict:", () => {
  const before = dockerSave(savedImage("before", 20, 70_000));
  const after = dockerSave(savedImage("after", 20, 70_000));

  test("while its members are searched", async () => {
    let asked = 0;
    const policy = (): boolean => {
      if (++asked === 2) void served(after, server);
      return true;
    };
    await using server = await startBucket({ policy });
    await served(before, server);
    await expect(image(server).newImageSource()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("replaced") as string,
    });
  });

  test("while its layers are read", async () => {
    await using server = await served(before);
    await using source = await image(server).newImageSource();
    const [digest] = await layersOf(source);
    await served(after, server);
    const read = Array.fromAsync(source.getBlob({ digest }));
    await expect(read).rejects.toMatchObject({ code: "conflict" });
    expect(server.requests.at(-1)).toMatchObject({ status: 412 });
  });
});

test("after a lost connection only the missing bytes are requested", async () => {
  const archive = dockerSave(savedImage("cut", 2, 1 << 20));
  const fault = { kind: "cut", during: "response", after: 30_000 } as const;
  await using server = await startBucket({
    faults: [
      { fault, times: 2 },
      { fault, nth: 5 },
    ],
  });
  await served(archive, server);
  expect(await copied(image(server))).toBe(3);
  expect(spent(server).bytes).toBeLessThan(archive.byteLength + (6 << 16));
});

describe.each([
  ["gzip", "a.tar.gz", gzipSync],
  ["zstd", "a.tar", zstdCompressSync],
] as const)("an archive compressed with %s", (_, name, pack) => {
  test("is decompressed once, into a temporary file that is deleted", async () => {
    const folder = await scratchFolder();
    vi.stubEnv("TMPDIR", folder);
    try {
      await using server = await startBucket();
      const saved = savedImage("packed", 3, 300_000);
      await server.bucket().put(name, pack(dockerSave(saved)));
      const reference = transportTo(server).parseReference(`//bucket/${name}:packed:1`);
      expect(await copied(reference)).toBe(4);
      expect(spent(server).gets).toBeLessThanOrEqual(2);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("an archive in a bucket is read-only:", () => {
  const reference = s3().parseReference("//bucket/a.tar:x:1");

  test.each([
    ["it cannot be written", async () => reference.newImageDestination()],
    ["its images cannot be deleted", async () => reference.deleteImage()],
    ["it has no garbage", async () => reference.transport.collectGarbage(reference)],
  ])("%s, and the error explains what to do", async (_, work) => {
    await expect(work()).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/docker-archive:.*s3:\/\/BUCKET\/PREFIX/) as string,
    });
  });
});

test.each([
  ["an empty object", Buffer.alloc(0), "invalid-manifest"],
  ["a file that is not a tar file", Buffer.alloc(100_000, "x"), "invalid-manifest"],
  ["a tar file with other content", tarFile([{ name: "file" }]), "unsupported"],
  [
    "a truncated archive",
    dockerSave(savedImage("cut", 1, 200_000)).subarray(0, 150_000),
    "invalid-manifest",
  ],
])("%s is rejected", async (_, content, code) => {
  await using server = await served(content);
  await expect(image(server).newImageSource()).rejects.toMatchObject({ code });
  expect(spent(server).gets).toBeLessThanOrEqual(2);
});

describe("hostile archives", () => {
  test.each(hostileArchives)(
    "$what is rejected with its name, after at most two requests",
    async ({ content, culprit }) => {
      await using server = await served(content);
      await expect(copied(image(server))).rejects.toMatchObject({
        code: "invalid-manifest",
        message: expect.stringContaining(culprit) as string,
      });
      expect(spent(server).gets).toBeLessThanOrEqual(2);
    },
  );

  test("that were truncated at any block are rejected, or complete", async () => {
    await using server = await startBucket();
    const whole = tarFile(smallArchive);
    for (let length = 0; length < whole.byteLength - 1024; length += 512) {
      await served(whole.subarray(0, length), server);
      await expect(copied(image(server))).rejects.toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^(invalid-manifest|unsupported)$/) as string,
        }),
      );
    }
  });

  test("with very many members need few requests", { timeout: 120_000 }, async () => {
    const empty = tarMember({ name: "empty" });
    const members = Buffer.concat([...Array.from({ length: 101_000 }, () => empty), tarFile([])]);
    await using server = await served(members);
    await expect(image(server).newImageSource()).rejects.toMatchObject({
      code: "invalid-manifest",
      message: expect.stringContaining("100000") as string,
    });
    expect(spent(server).gets).toBeLessThan(800);
  });
});
