import { copyImage, parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import type { LoggedS3Request, S3Server } from "@drayage/mock-servers";
import { inMemory, assertImage, randomImage, randomIndex } from "@drayage/testkit";
import { expect, test } from "vitest";

import { countOf, startBucket, transportTo } from "./bucket.ts";

/** Two platforms with eight layers each, in which no layer is twice. */
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

/** As Amazon counts them, and the bytes of blobs that came by here. */
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

/** Each copy as a process of its own, which knows of nothing. */
function image(server: S3Server, text: string, blobs?: string): ImageReference {
  return transportTo(server, { blobs }).parseReference(text);
}

test("a copy in looks for each blob and manifest once, and writes each once", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({
    get: 1 + layers + configs + manifests,
    // With oci-layout and index.json.
    put: layers + configs + manifests + 2,
  });
});

test("a layer of several parts is one write a part, and two around them; read, a request each", async () => {
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

test("a copy that has nothing to do asks for the index", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({ get: 1, put: 0 });
});

test("of an index that was written without all of its instances each is asked for", async () => {
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

test("another tag of what is there is one write", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  const two = image(server, "//bucket/a:two");
  const { blobs } = await copyImage(await inMemory(index), two, { instances: "all" });
  expect(blobs).toMatchObject({ copied: 0, reused: layers + configs });
  expect(spent(server)).toEqual({ get: 1, put: 1 });
  await assertImage(two, index);
});

test("a manifest that was left by a copy that did not end well does not count", async () => {
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

test("what was lost is brought again where that is asked for", async () => {
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

test("from bucket to bucket the store copies each blob, and is asked about the source of each alone", async () => {
  await using server = await startBucket({ buckets: ["bucket", "other"] });
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), image(server, "//other/b:one"));
  expect(countOf(server.requests, "CopyObject")).toBe(layers + configs);
  expect(countOf(server.requests, "GetObject")).toBe(2 + manifests);
  // The stored checksum of a source shows whether it is what its digest promises.
  expect(headsOf(server, "other")).toBe(manifests);
  expect(headsOf(server, "bucket")).toBe(layers + configs);
  expect(spent(server).put).toBe(layers + configs + manifests + 2);
  await assertImage(image(server, "//other/b:one"), index);
});

test("into a layout with images only those blobs are copied that it has not", async () => {
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

test("where layouts share their blobs another one costs no look at any, and two writes", async () => {
  await using server = await startBucket();
  const blobs = "s3://bucket/_blobs";
  await copied(await inMemory(index), image(server, "//bucket/a:one", blobs));
  server.clear();
  await copied(image(server, "//bucket/a:one", blobs), image(server, "//bucket/b:one", blobs));
  expect(spent(server)).toEqual({ get: 2 + manifests, put: 2 });
  await assertImage(image(server, "//bucket/b:one", blobs), index);
});

test("from elsewhere into shared blobs each manifest is asked for, and no blob", async () => {
  await using server = await startBucket();
  const blobs = "s3://bucket/_blobs";
  await copied(await inMemory(index), image(server, "//bucket/a:one", blobs));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/b:one", blobs));
  expect(spent(server)).toEqual({ get: 1 + manifests, put: 2 });
});

test("an image is read by one request for the index, each manifest and each blob", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), memory().parseReference("read"));
  expect(spent(server)).toEqual({ get: 1 + manifests + layers + configs, put: 0 });
});
