import { copyImage, parsePlatform } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { inMemory, randomIndex } from "@drayage/testkit";
import type { LoggedS3Request, S3Server } from "@drayage/testkit";
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

test("a copy that has nothing to do asks for the index and for each image", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  expect(spent(server)).toEqual({ get: 1 + 2, put: 0 });
});

test("another tag of what is there is one write", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(await inMemory(index), image(server, "//bucket/a:two"));
  expect(spent(server)).toEqual({ get: 1 + layers + configs + manifests, put: 1 });
});

test("from bucket to bucket the store copies each blob", async () => {
  await using server = await startBucket({ buckets: ["bucket", "other"] });
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), image(server, "//other/b:one"));
  expect(countOf(server.requests, "CopyObject")).toBe(layers + configs);
  expect(countOf(server.requests, "GetObject")).toBe(2 + manifests);
  expect(spent(server).put).toBe(layers + configs + manifests + 2);
});

test("where layouts share their blobs another one costs a look at each, and two writes", async () => {
  await using server = await startBucket();
  const blobs = "s3://bucket/_blobs";
  await copied(await inMemory(index), image(server, "//bucket/a:one", blobs));
  server.clear();
  await copied(image(server, "//bucket/a:one", blobs), image(server, "//bucket/b:one", blobs));
  expect(countOf(server.requests, "HeadObject")).toBe(layers + configs + manifests);
  expect(countOf(server.requests, "GetObject")).toBe(2 + manifests);
  expect(spent(server).put).toBe(2);
});

test("an image is read by one request for the index, each manifest and each blob", async () => {
  await using server = await startBucket();
  await copied(await inMemory(index), image(server, "//bucket/a:one"));
  server.clear();
  await copied(image(server, "//bucket/a:one"), memory().parseReference("read"));
  expect(spent(server)).toEqual({ get: 1 + manifests + layers + configs, put: 0 });
});
