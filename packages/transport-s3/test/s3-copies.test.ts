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

/** What came by here of blobs rather than of manifests. */
function passedBlobs({ requests }: S3Server): number {
  const keys = [...image.blobs.keys()].map(hexOf);
  const reads = requests.filter(({ operation }) => operation === "GetObject");
  return reads.filter(({ key }) => keys.some((hex) => key.endsWith(hex))).length;
}

test.each([
  ["another prefix", "//bucket/to:tag"],
  ["another bucket", "//other/to:tag"],
  ["a bucket of odd keys", "//other/ü %25 +&=:tag"],
])("no byte of a blob comes by here on its way to %s", async (_, to) => {
  await using server = await startBucket({ buckets: ["bucket", "other"] });
  const from = await written(server);
  const destination = transportTo(server).parseReference(to);
  const { blobs } = await copyImage(from, destination);
  expect(passedBlobs(server)).toBe(0);
  expect(blobs).toMatchObject({ copied: 0, reused: 3 });
  await assertImage(destination, image);
});

test("from a prefix with odd keys as well", async () => {
  await using server = await startBucket();
  const from = transportTo(server).parseReference("//bucket/ü %25 +&=:tag");
  await copyImage(await inMemory(image), from);
  server.clear();
  await copyImage(from, transportTo(server).parseReference("//bucket/to:tag"));
  expect(passedBlobs(server)).toBe(0);
});

test.each<[string, Parameters<typeof startBucket>[0]]>([
  ["the store copies nothing", { copies: false }],
  ["its bucket demands conditions, with which it copies nothing", { conditions: "required" }],
])("blobs come by here where %s", async (_, settings) => {
  await using server = await startBucket(settings);
  const from = await written(server);
  const destination = transportTo(server).parseReference("//bucket/to:tag");
  await copyImage(from, destination);
  expect(passedBlobs(server)).toBe(image.blobs.size);
  await assertImage(destination, image);
});

test("blobs come by here where the credentials of the destination do not reach the source", async () => {
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

test("another store is not asked to copy", async () => {
  await using server = await startBucket();
  await using elsewhere = await startBucket();
  const from = await written(server);
  const destination = transportTo(elsewhere).parseReference("//bucket/to:tag");
  await copyImage(from, destination);
  expect(countOf(elsewhere.requests, "CopyObject")).toBe(0);
  await assertImage(destination, image);
});

test("a blob that somebody else copied meanwhile is taken as it is", async () => {
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

test("what is too large for one request is copied in parts", async () => {
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

test("what fits into one request is copied by one, and not over what is there", async () => {
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
