import { CreateMultipartUploadCommand, S3Client } from "@aws-sdk/client-s3";
import { copyImage, hexOf } from "@drayage/core";
import type { S3Server } from "@drayage/mock-servers";
import { inMemory, assertImage, randomIndex, writeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import type { S3Reference, S3Settings } from "../../src/index.ts";
import { countOf, startBucket, transportTo } from "../bucket.ts";

const index = await randomIndex("kept", { layers: 2 });
const deleted = await randomIndex("deleted", { layers: 2 });
const longAgo = new Date(Date.now() - 2 * 86_400_000);

/** A layout with an image, unneeded blobs of another image, and an abandoned upload. */
async function withGarbage(server: S3Server, settings?: S3Settings): Promise<S3Reference> {
  const reference = transportTo(server, settings).parseReference("//bucket/a:tag");
  await copyImage(await inMemory(index), reference, { instances: "all" });
  for (const [digest, bytes] of deleted.blobs)
    await server.bucket().put(keyOf(digest), bytes, { lastModified: longAgo });
  return reference;
}

function keyOf(digest: Parameters<typeof hexOf>[0]): string {
  return `a/blobs/sha256/${hexOf(digest)}`;
}

const deletedKeys = [...deleted.blobs.keys()].map(keyOf).toSorted();

test("deletes only objects that no image needs", async () => {
  await using server = await startBucket();
  const reference = await withGarbage(server);
  const before = server.bucket().keys("a/blobs");
  const garbage = await reference.transport.collectGarbage(reference);
  expect(garbage.map(({ key }) => key).toSorted()).toEqual(deletedKeys);
  const left = server.bucket().keys("a/blobs");
  expect(left).toEqual(before.filter((key) => !deletedKeys.includes(key)));
  await assertImage(reference, index);
  server.clear();
  expect(await reference.transport.collectGarbage(reference, { grace: 0 })).toEqual([]);
  expect(countOf(server.requests, "PutObject")).toBe(0);
});

test("a dry run returns the same and deletes nothing", async () => {
  await using server = await startBucket();
  const reference = await withGarbage(server);
  const before = server.bucket().keys();
  const garbage = await reference.transport.collectGarbage(reference, { dryRun: true });
  expect(garbage.map(({ key }) => key).toSorted()).toEqual(deletedKeys);
  expect(server.bucket().keys()).toEqual(before);
});

test("recent objects and uploads are kept by default", async () => {
  await using server = await startBucket();
  const reference = await withGarbage(server);
  const [first = ""] = deletedKeys;
  await server.bucket().put(first, "recent");
  const client = new S3Client(server.access);
  const Key = "a/blobs/sha256/upload";
  await client.send(new CreateMultipartUploadCommand({ Bucket: "bucket", Key }));
  expect((await reference.transport.collectGarbage(reference)).map(({ key }) => key)).not.toContain(
    first,
  );
  expect(server.bucket().uploads()).toHaveLength(1);
  const garbage = await reference.transport.collectGarbage(reference, { grace: -1000 });
  // In the order in which the deletions ended.
  expect(garbage.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual([
    `object ${first}`,
    `upload ${Key}`,
  ]);
  expect(server.bucket().uploads()).toEqual([]);
  expect(server.bucket().keys("a/blobs")).not.toContain(first);
});

test("a copy that reuses a deleted blob ends in a conflict", async () => {
  await using server = await startBucket();
  const reference = await withGarbage(server);
  const other = transportTo(server).parseReference("//bucket/a:other");
  await using destination = await other.newImageDestination();
  for (const [digest, { byteLength: size }] of deleted.blobs)
    await destination.tryReusingBlob({ digest, size, mediaType: "application/octet-stream" });
  for (const instance of deleted.instances)
    await destination.putManifest(instance, { instance: instance.digest });
  await destination.putManifest(deleted.manifest);
  await reference.transport.collectGarbage(reference);
  await expect(destination.commit()).rejects.toMatchObject({ code: "conflict", retryable: true });
  await writeImage(deleted, other);
  await assertImage(other, deleted);
});

test("shared blobs and absent layouts are rejected", async () => {
  await using server = await startBucket();
  const shared = await withGarbage(server, { blobs: "s3://bucket/_blobs" });
  await expect(shared.transport.collectGarbage(shared)).rejects.toMatchObject({
    code: "unsupported",
  });
  const none = transportTo(server).parseReference("//bucket/none");
  await expect(none.transport.collectGarbage(none)).rejects.toMatchObject({ code: "not-found" });
});
