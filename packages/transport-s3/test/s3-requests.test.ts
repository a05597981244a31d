import { copyImage, parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import type { LoggedS3Request, S3Server } from "@drayage/mock-servers";
import { inMemory, assertImage, randomImage, randomIndex } from "@drayage/testkit";
import { expect, test } from "vitest";

import { countOf, startBucket, transportTo } from "./bucket.ts";

/** Two platforms with eight different layers each. */
const index = await randomIndex("priced", {
  platforms: ["linux/amd64", "linux/arm64"].map(parsePlatform),
  layers: 8,
  sharedLayers: 0,
});
const layers = 16;
const configs = 2;
const manifests = 3;

async function copied(from: ImageReference, to: ImageReference): Promise<void> {
  await copyImage(from, to, { instances: "all" });
}

/** The requests by price class of AWS, and the bytes of blobs that passed through this process. */
function spent({ requests }: S3Server): { get: number; put: number } {
  const count = (price: LoggedS3Request["price"]): number =>
    requests.filter((request) => request.price === price).length;
  return { get: count("get"), put: count("put") };
}

function headsOf({ requests }: S3Server, bucket: string): number {
  return countOf(
    requests.filter((request) => request.bucket === bucket),
    "HeadObject",
  );
}

/** A reference of a new transport, like that of another process. */
function image(server: S3Server, text: string, blobs?: string): ImageReference {
  return transportTo(server, { blobs }).parseReference(text);
}

test("a copy into a bucket looks up and writes each blob and manifest once", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({
    get: 1 + layers + configs + manifests,
    // Including oci-layout and index.json.
    put: layers + configs + manifests + 2,
  });
});

test("a layer of several parts needs one write per part and two more, and one read per part", async () => {
  await using server = await startBucket();
  const parted = await randomImage("parts", { layers: 2, layerSize: 6 << 20 });
  const to = transportTo(server, { partSize: 5 << 20 }).parseReference("//bucket/a:one");
  await copied(await inMemory(parted), to);
  const parts = 2;
  expect(spent(server)).toEqual({ get: 1 + 2 + 1 + 1, put: 2 * (1 + parts + 1) + 1 + 1 + 2 });
  server.clear();
  await copied(to, memory().parseReference("read"));
  expect(spent(server)).toEqual({ get: 1 + 1 + 1 + 2 * parts, put: 0 });
});

test("a copy with nothing to do reads only the index", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({ get: 1, put: 0 });
});

test("each instance of an incomplete index is looked up", async () => {
  await using server = await startBucket();
  const platforms = [parsePlatform("linux/amd64")];
  const sparse = { instances: { platforms }, missingInstances: "keep" } as const;
  await copyImage(await inMemory(index), image(server, "//bucket/a:one"), sparse);
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  await assertImage(image(server, "//bucket/a:one"), index);
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({ get: 1, put: 0 });
});

test("another tag of an existing image is one write", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  const two = image(server, "//bucket/a:two");
  const { blobs } = await copyImage(await inMemory(index), two, { instances: "all" });
  expect(blobs).toMatchObject({ copied: 0, reused: layers + configs });
  expect(spent(server)).toEqual({ get: 1, put: 1 });
  await assertImage(two, index);
});

test("a manifest of a failed copy does not count as present", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  const stored = server.bucket();
  for (const key of stored.keys("a/")) {
    const hex = key.replace("a/blobs/sha256/", "");
    const all = [index.manifest, ...index.instances];
    const isManifest = all.some(({ digest }) => digest.endsWith(hex));
    if (!isManifest) stored.delete(key);
  }
  await copied(await inMemory(index), image(server, "//bucket/a:two"));
  await assertImage(image(server, "//bucket/a:two"), index);
});

test("a repair copies deleted blobs again", async () => {
  await using server = await startBucket();
  const reference = image(server, "//bucket/a:one");
  await copied(await inMemory(index), reference);
  const lost = server.bucket().keys("a/blobs");
  for (const key of lost.slice(0, 8)) server.bucket().delete(key);
  await copied(await inMemory(index), reference);
  expect(server.bucket().keys("a/blobs")).toHaveLength(lost.length - 8);
  await copyImage(await inMemory(index), reference, { instances: "all", repair: true });
  expect(server.bucket().keys("a/blobs")).toEqual(lost);
  await assertImage(image(server, "//bucket/a:one"), index);
});

test("between buckets the store copies each blob after a HEAD of its source", async () => {
  await using server = await startBucket({ buckets: ["bucket", "other"] });
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), image(server, "//other/b:one"));
  expect(countOf(server.requests, "CopyObject")).toBe(layers + configs);
  expect(countOf(server.requests, "GetObject")).toBe(2 + manifests);
  // The stored checksum of the source must match the digest.
  expect(headsOf(server, "other")).toBe(manifests);
  expect(headsOf(server, "bucket")).toBe(layers + configs);
  expect(spent(server).put).toBe(layers + configs + manifests + 2);
  await assertImage(image(server, "//other/b:one"), index);
});

test("a copy into a layout with images copies only absent blobs", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  await copied(await inMemory(await randomImage("other")), image(server, "//bucket/b:other"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), image(server, "//bucket/b:one"));
  const heads = server.requests.filter(({ operation }) => operation === "HeadObject");
  const [from, to] = ["a/", "b/"].map((prefix) =>
    heads.filter(({ key }) => key.startsWith(prefix)),
  );
  expect(to).toHaveLength(layers + configs + manifests);
  expect(from).toHaveLength(layers + configs);
  expect(countOf(server.requests, "CopyObject")).toBe(layers + configs);
});

test("with shared blobs another layout needs two writes and no lookups", async () => {
  await using server = await startBucket();
  const blobs = "s3://bucket/_blobs";
  await copied(await inMemory(index), image(server, "//bucket/a:one", blobs));
  server.clear();
  await copied(image(server, "//bucket/a:one", blobs), image(server, "//bucket/b:one", blobs));
  expect(spent(server)).toEqual({ get: 2 + manifests, put: 2 });
  await assertImage(image(server, "//bucket/b:one", blobs), index);
});

test("an external image is copied to shared blobs with one lookup per manifest", async () => {
  await using server = await startBucket();
  const blobs = "s3://bucket/_blobs";
  await copied(await inMemory(index), image(server, "//bucket/a:one", blobs));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/b:one", blobs));
  expect(spent(server)).toEqual({ get: 1 + manifests, put: 2 });
});

test("reading an image needs one request for the index, each manifest and each blob", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), memory().parseReference("read"));
  expect(spent(server)).toEqual({ get: 1 + manifests + layers + configs, put: 0 });
});
