import { copyImage, digestOf, hexOf } from "@drayage/core";
import type { Digest, ImageReference } from "@drayage/core";
import type { S3Server } from "@drayage/mock-servers";
import { inMemory, assertImage, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { Bucket } from "../src/client/bucket.ts";
import { Connection } from "../src/client/connection.ts";
import { formatLocation } from "../src/layout/object-location.ts";
import { copyObject } from "../src/uploads/object-copy.ts";
import { countOf, startBucket, transportTo } from "./bucket.ts";

const mebibyte = 1 << 20;
const image = await randomImage("copies", { layers: 2 });
const [layer] = [...image.blobs.keys()] as [Digest];

async function written(server: S3Server): Promise<ImageReference> {
  const reference = transportTo(server).parseReference("//bucket/from:tag");
  await copyImage(await inMemory(image), reference);
  server.clear();
  return reference;
}

/** The blobs, without manifests, that passed through this process. */
function passedBlobs({ requests }: S3Server): number {
  const keys = [...image.blobs.keys()].map(hexOf);
  const reads = requests.filter(({ operation }) => operation === "GetObject");
  return reads.filter(({ key }) => keys.some((hex) => key.endsWith(hex))).length;
}

test.each([
  ["another prefix", "//bucket/to:tag"],
  ["another bucket", "//other/to:tag"],
  ["a prefix with special characters", "//other/ü %25 +&=:tag"],
])("a copy to %s passes no bytes of blobs through this process", async (_, to) => {
  await using server = await startBucket({ buckets: ["bucket", "other"] });
  const from = await written(server);
  const destination = transportTo(server).parseReference(to);
  const { blobs } = await copyImage(from, destination);
  expect(passedBlobs(server)).toBe(0);
  expect(blobs).toMatchObject({ copied: 0, reused: 3 });
  await assertImage(destination, image);
});

test("nor does a copy from a prefix with special characters", async () => {
  await using server = await startBucket();
  const from = transportTo(server).parseReference("//bucket/ü %25 +&=:tag");
  await copyImage(await inMemory(image), from);
  server.clear();
  await copyImage(from, transportTo(server).parseReference("//bucket/to:tag"));
  expect(passedBlobs(server)).toBe(0);
});

test.each<[string, Parameters<typeof startBucket>[0]]>([
  ["the store cannot copy", { copies: false }],
  ["its bucket requires conditions, with which it cannot copy", { conditions: "required" }],
])("blobs pass through this process if %s", async (_, settings) => {
  await using server = await startBucket(settings);
  const from = await written(server);
  const destination = transportTo(server).parseReference("//bucket/to:tag");
  await copyImage(from, destination);
  expect(passedBlobs(server)).toBe(image.blobs.size);
  await assertImage(destination, image);
});

test("blobs pass through this process if the credentials of the destination cannot read the source", async () => {
  const other = { accessKeyId: "OTHER", secretAccessKey: "SECRET" };
  await using server = await startBucket({
    buckets: ["bucket", "other"],
    credentials: [{ accessKeyId: "AK", secretAccessKey: "SK" }, other],
    policy: ({ accessKeyId, bucket }) => accessKeyId === "AK" || bucket === "other",
  });
  const from = await written(server);
  const destination = transportTo(server, { credentials: other }).parseReference("//other/to:tag");
  await copyImage(from, destination);
  expect(passedBlobs(server)).toBe(image.blobs.size);
  await assertImage(destination, image);
});

test("another store is not requested to copy", async () => {
  await using server = await startBucket();
  await using otherStore = await startBucket();
  const from = await written(server);
  const destination = transportTo(otherStore).parseReference("//bucket/to:tag");
  await copyImage(from, destination);
  expect(countOf(otherStore.requests, "CopyObject")).toBe(0);
  await assertImage(destination, image);
});

test("a blob that another client copied meanwhile is reused", async () => {
  await using server = await startBucket();
  await written(server);
  const to = transportTo(server).parseReference("//bucket/to:tag");
  await using destination = await to.newImageDestination();
  const hex = hexOf(layer);
  const location = formatLocation({
    endpoint: server.access.endpoint,
    bucket: "bucket",
    key: `from/blobs/sha256/${hex}`,
  });
  const size = image.blobs.get(layer)?.byteLength ?? 0;
  const blob = { digest: layer, size, mediaType: "application/octet-stream" };
  const take = (): Promise<unknown> => destination.tryReusingBlob(blob, { location });
  expect(await Promise.all([take(), take()])).toMatchObject([
    { digest: layer, size },
    { digest: layer, size },
  ]);
});

test("an object that is too large for one request is copied in parts", async () => {
  await using server = await startBucket();
  const bytes = Buffer.alloc(12 * mebibyte + 1, "large ");
  await server.bucket().put("from", bytes);
  const bucket = new Bucket("bucket", new Connection(server.access));
  const from = { bucket: "bucket", key: "from", size: bytes.byteLength };
  const object = { IfNoneMatch: "*", ContentType: "application/x-large" };
  expect(await copyObject(from, bucket, "to", object, {}, { partSize: 5 * mebibyte })).toBe(true);
  expect(countOf(server.requests, "UploadPartCopy")).toBe(3);
  const found = await server.bucket().find("to");
  expect(digestOf(found?.bytes ?? Buffer.alloc(0))).toBe(digestOf(bytes));
  expect(await copyObject(from, bucket, "to", object, {}, { partSize: 5 * mebibyte })).toBe(false);
  expect(server.bucket().uploads()).toEqual([]);
});

test("an object that fits into one request is copied by one, and does not replace an existing one", async () => {
  await using server = await startBucket();
  await server.bucket().put("from", "small");
  const bucket = new Bucket("bucket", new Connection(server.access));
  const from = { bucket: "bucket", key: "from", size: 5 };
  const copy = async (): Promise<boolean> =>
    copyObject(from, bucket, "to", { IfNoneMatch: "*" }, {}, { partSize: 5 });
  expect([await copy(), await copy()]).toEqual([true, false]);
  expect(countOf(server.requests, "CopyObject")).toBe(2);
  expect(server.requests).toHaveLength(2);
});
