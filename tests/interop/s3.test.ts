import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { copyImage } from "@drayage/core";
import { startS3 } from "@drayage/mock-servers";
import type { S3Access } from "@drayage/mock-servers";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { findProgram, imageNames, isTorture, outputOf } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, randomIndex } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { s3 } from "@drayage/transport-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const [skopeo, umoci] = ["skopeo", "umoci"].map(findProgram);
const Bucket = "images";
/** How many copies run at the same time. */
const copies = isTorture ? 200 : 30;

describe.each([
  ["the mock S3", true, () => startS3({ buckets: [Bucket] })],
  ["Ceph", isCephInstalled, startCeph],
] as const)("a prefix in %s, synchronised with a folder", (_, isHere, start) => {
  const open: AsyncDisposable[] = [];
  let access: S3Access;
  let client: S3Client;
  let folder: string;

  beforeAll(async () => {
    if (!isHere) return;
    const server = await start();
    const temporary = await temporaryFolder();
    open.push(server, temporary);
    ({ access } = server);
    folder = temporary.path;
    client = new S3Client(access);
    await client.send(new CreateBucketCommand({ Bucket })).catch(() => {});
  });

  afterAll(async () => {
    for (const one of open) await one[Symbol.asyncDispose]();
  });

  async function download(prefix: string): Promise<string> {
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: prefix }),
    );
    for (const { Key = "" } of Contents) {
      const file = path.join(folder, Key);
      await mkdir(path.dirname(file), { recursive: true });
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      await writeFile(file, (await Body?.transformToByteArray()) ?? "");
    }
    return path.join(folder, prefix);
  }

  async function upload(prefix: string): Promise<void> {
    const root = path.join(folder, prefix);
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const Key = path.join(prefix, path.relative(root, file));
      if (entry.isFile())
        await client.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(file) }));
    }
  }

  test.skipIf(!isHere || skopeo === undefined)("is a layout that skopeo reads", async () => {
    const [image, index] = [await randomImage("sync"), await randomIndex("sync")];
    const transport = s3(access);
    for (const [tag, one] of [
      ["image", image],
      ["index", index],
    ] as const) {
      const to = transport.parseReference(`//${Bucket}/a/b:${tag}`);
      await copyImage(await inMemory(one), to, { instances: "all" });
    }
    const layout = await download("a/b");
    for (const [tag, one] of [
      ["image", image],
      ["index", index],
    ] as const) {
      const out = path.join(folder, tag);
      await outputOf(
        skopeo ?? "",
        "copy",
        "--all",
        "--insecure-policy",
        `oci:${layout}:${tag}`,
        `dir:${out}`,
      );
      await assertImage(directory().parseReference(out), one);
    }
  });

  test.skipIf(!isHere || umoci === undefined)("is a layout that umoci reads", async () => {
    const to = s3(access).parseReference(`//${Bucket}/c:tag`);
    await copyImage(await inMemory(await randomImage("umoci")), to);
    const layout = await download("c");
    expect(await outputOf(umoci ?? "", "list", "--layout", layout)).toBe("tag\n");
    expect(await outputOf(umoci ?? "", "stat", "--image", `${layout}:tag`)).toMatch(/sha256:/);
  });

  test.skipIf(!isHere || skopeo === undefined)(
    "is readable after skopeo wrote the folder",
    async () => {
      const image = await randomIndex("written by skopeo");
      const from = directory().parseReference(path.join(folder, "from"));
      await copyImage(await inMemory(image), from, { instances: "all" });
      const layout = `oci:${path.join(folder, "d")}:tag`;
      await outputOf(
        skopeo ?? "",
        "copy",
        "--all",
        "--insecure-policy",
        `dir:${path.join(folder, "from")}`,
        layout,
      );
      await upload("d");
      await assertImage(s3(access).parseReference(`//${Bucket}/d:tag`), image);
    },
  );

  test.skipIf(!isHere)(
    "accepts many concurrent copies from ten programs",
    { timeout: 300_000 },
    async () => {
      const image = await inMemory(await randomImage("many", { layers: 1 }));
      const transports = Array.from({ length: 10 }, () => s3(access));
      const tags = Array.from({ length: copies }, (__, at) => `v${at}`);
      await Promise.all(
        tags.map(async (tag, at) => {
          const to = transports[at % 10]?.parseReference(`//${Bucket}/many:${tag}`);
          if (to !== undefined) await copyImage(image, to);
        }),
      );
      const names = await imageNames(s3(access).parseReference(`//${Bucket}/many`));
      expect(new Set(names)).toEqual(new Set(tags));
    },
  );
});
