import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { copyImage, hexOf } from "@drayage/core";
import type { Digest } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import type { ImageManifest } from "@drayage/core/manifest";
import { verifyImage } from "@drayage/core/verify";
import type { S3Server } from "@drayage/mock-servers";
import { isCephInstalled, startCeph } from "@drayage/test-servers";
import { imageNames } from "@drayage/test-support";
import { inMemory, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { s3 } from "../src/index.ts";
import { dockerSave, ociArchive, savedImage } from "./archives.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const index = await randomIndex("verified", { layers: 3 });
const image = await randomImage("another", { layers: 2 });
const partSize = 5 << 20;
const large = await randomImage("in parts", {
  layers: 1,
  layerSize: 2 * partSize,
  compression: "none",
});

function keyOf(digest: Digest, layout = "a"): string {
  return `${layout}/blobs/sha256/${hexOf(digest)}`;
}

/** The layers of a single image, the root first. */
function layersOf({ manifest }: typeof image): ImageManifest["layers"] {
  return (parseManifest(manifest) as ImageManifest).layers;
}

function base64Of(digest: Digest): string {
  return Buffer.from(hexOf(digest), "hex").toString("base64");
}

/** Bytes of blobs that were sent; manifests are small. */
function bytesSent({ requests }: S3Server, keys: readonly string[]): number {
  return requests
    .filter(({ key }) => keys.includes(key))
    .reduce((sum, { responseBytes }) => sum + responseBytes, 0);
}

test("blobs that were sent in one request are verified by one HEAD each", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  await copyImage(await inMemory(index), reference, { instances: "all" });
  server.clear();
  const result = await verifyImage(reference);
  const manifests = 1 + index.instances.length;
  expect(result).toMatchObject({
    manifests: { count: manifests },
    stored: { count: index.blobs.size },
    read: { count: 0 },
    problems: [],
  });
  expect(countOf(server.requests, "HeadObject")).toBe(index.blobs.size);
  expect(countOf(server.requests, "GetObject")).toBe(1 + manifests);
  expect(server.requests).toHaveLength(index.blobs.size + 1 + manifests);
  expect(
    bytesSent(
      server,
      [...index.blobs.keys()].map((digest) => keyOf(digest)),
    ),
  ).toBe(0);
});

test("all blobs are read on request", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  await writeImage(image, reference);
  server.clear();
  const { read, stored } = await verifyImage(reference, { readAll: true });
  expect([read.count, stored.count]).toEqual([image.blobs.size, 0]);
  expect(countOf(server.requests, "HeadObject")).toBe(0);
  expect(
    bytesSent(
      server,
      [...image.blobs.keys()].map((digest) => keyOf(digest)),
    ),
  ).toBe(read.bytes);
});

test("a blob that was sent in parts is read by ranges", async () => {
  await using server = await startBucket();
  const reference = transportTo(server, { partSize }).parseReference("//bucket/a:tag");
  await writeImage(large, reference);
  server.clear();
  const { read, stored, problems } = await verifyImage(reference);
  const [layer] = layersOf(large);
  expect([read, stored.count, problems]).toEqual([{ count: 1, bytes: layer?.size }, 1, []]);
  const ofLayer = server.requests.filter(
    ({ key }) => key === keyOf(layer?.digest ?? ("" as Digest)),
  );
  expect(countOf(ofLayer, "GetObject")).toBeGreaterThan(1);
});

test("a composite checksum verifies nothing", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  await writeImage(image, reference);
  for (const [digest, bytes] of image.blobs)
    await server.bucket().put(keyOf(digest), bytes, { sha256: `${base64Of(digest)}-1` });
  const { read, stored } = await verifyImage(reference);
  expect([read.count, stored.count]).toEqual([image.blobs.size, 0]);
});

describe("damaged blobs are reported", () => {
  test.each([
    ["by the checksum that the store computed", true],
    ["by reading if the store has none", false],
  ])("%s: missing, truncated and other bytes, with their keys", async (_, hasChecksum) => {
    await using server = await startBucket();
    const whole = await randomImage("damaged", { layers: 4 });
    const reference = transportTo(server).parseReference("//bucket/a:tag");
    await writeImage(whole, reference);
    const [missing, short, other] = layersOf(whole).map(({ digest }) => digest) as [
      Digest,
      Digest,
      Digest,
    ];
    const bucket = server.bucket();
    bucket.delete(keyOf(missing));
    const sha256 = hasChecksum ? base64Of(missing) : undefined;
    await bucket.put(keyOf(short), (whole.blobs.get(short) ?? Buffer.alloc(0)).subarray(1), {
      sha256,
    });
    const size = whole.blobs.get(other)?.byteLength ?? 0;
    await bucket.put(keyOf(other), Buffer.alloc(size), { sha256 });
    server.clear();
    const { problems } = await verifyImage(reference);
    expect(problems).toMatchObject([
      { kind: "missing", digest: missing },
      { kind: "wrong-size", digest: short },
      { kind: "wrong-digest", digest: other },
    ]);
    for (const { digest, message, namedBy, location } of problems) {
      const key = keyOf(digest ?? missing);
      expect(message).toContain(`s3://bucket/${key}`);
      expect(location).toMatchObject({ transport: "s3", path: key });
      expect(namedBy).toEqual([whole.manifest.digest]);
    }
    const keys = [missing, short, other].map((digest) => keyOf(digest));
    expect(bytesSent(server, keys) > 0).toBe(!hasChecksum);
  });

  test("bytes that changed after their checksum was stored only if everything is read", async () => {
    await using server = await startBucket();
    const reference = transportTo(server).parseReference("//bucket/a:tag");
    await writeImage(image, reference);
    const [layer] = layersOf(image);
    const { digest, size } = layer ?? { digest: "" as Digest, size: 0 };
    await server.bucket().put(keyOf(digest), Buffer.alloc(size), { sha256: base64Of(digest) });
    expect((await verifyImage(reference)).problems).toEqual([]);
    const { problems } = await verifyImage(reference, { readAll: true });
    expect(problems).toMatchObject([{ kind: "wrong-digest", digest }]);
  });
});

test("without a tag all images of a layout are verified, and shared blobs once", async () => {
  await using server = await startBucket();
  const reference = transportTo(server).parseReference("//bucket/a/");
  for (const tag of ["one", "two"])
    await copyImage(
      await inMemory(index),
      transportTo(server).parseReference(`//bucket/a:${tag}`),
      {
        instances: "all",
      },
    );
  await writeImage(image, transportTo(server).parseReference("//bucket/a:other"));
  await writeImage(image, transportTo(server).parseReference("//bucket/a"));
  server.clear();
  const blobs = new Set([...index.blobs.keys(), ...image.blobs.keys()]);
  expect(await verifyImage(reference)).toMatchObject({
    images: 2,
    manifests: { count: 2 + index.instances.length },
    stored: { count: blobs.size },
    problems: [],
  });
  expect(countOf(server.requests, "HeadObject")).toBe(blobs.size);
  expect(countOf(server.requests, "GetObject")).toBe(3 + index.instances.length);
  server.bucket().delete(keyOf(image.manifest.digest));
  expect((await verifyImage(reference)).problems).toMatchObject([
    { kind: "missing", part: "manifest", image: "s3://bucket/a:other" },
  ]);
});

test.each<readonly [string, Buffer, number]>([
  ["docker save wrote", dockerSave(savedImage("one", 3, 1000), savedImage("two", 3, 1000)), 2],
  ["holds an OCI layout", ociArchive(image), 1],
])("all images of an archive in a bucket that %s are verified", async (_, archive, images) => {
  await using server = await startBucket();
  await server.bucket().put("images.tar", archive);
  const reference = transportTo(server).parseReference("//bucket/images.tar");
  expect(await verifyImage(reference)).toMatchObject({ images, problems: [] });
  const [name] = await imageNames(reference);
  const one = transportTo(server).parseReference(`//bucket/images.tar:${name}`);
  expect(await verifyImage(one)).toMatchObject({ images: 1, problems: [] });
});

test("an unreadable blob is reported, and the others are verified", async () => {
  const [layer] = layersOf(image);
  const secret = keyOf(layer?.digest ?? ("" as Digest));
  await using server = await startBucket({
    policy: ({ action, key }) => action !== "s3:GetObject" || key !== secret,
  });
  const reference = transportTo(server).parseReference("//bucket/a:tag");
  for (const [digest, bytes] of image.blobs) await server.bucket().put(keyOf(digest), bytes);
  await server.bucket().put(keyOf(image.manifest.digest), image.manifest.bytes);
  const { digest, mediaType, bytes } = image.manifest;
  const manifests = [{ digest, mediaType, size: bytes.byteLength }];
  await server.bucket().put("a/index.json", JSON.stringify({ schemaVersion: 2, manifests }));
  const { problems, read } = await verifyImage(reference.transport.parseReference("//bucket/a"));
  expect(problems).toMatchObject([{ kind: "unreadable", digest: layer?.digest }]);
  expect(read.count).toBe(image.blobs.size - 1);
});

describe.skipIf(!isCephInstalled)("Ceph's RADOS Gateway", () => {
  test("keeps no checksums: blobs are read, and damaged ones are reported", async () => {
    await using ceph = await startCeph();
    const client = new S3Client(ceph.access);
    await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
    const reference = s3(ceph.access).parseReference("//bucket/a:tag");
    await writeImage(image, reference);
    expect(await verifyImage(reference)).toMatchObject({
      read: { count: image.blobs.size },
      stored: { count: 0 },
      problems: [],
    });
    const [layer] = layersOf(image);
    const Key = keyOf(layer?.digest ?? ("" as Digest));
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "short" }));
    expect((await verifyImage(reference)).problems).toMatchObject([{ kind: "wrong-size" }]);
  });
});
