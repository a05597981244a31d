import { digestOf, mediaTypes } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { descriptorOf, putImage, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import {
  emptyIndex,
  formatLayoutIndex,
  LayoutDestination,
  layoutFile,
  nameOfEntry,
  parseLayoutIndex,
  withImage,
} from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const reference: ImageReference = memory().parseReference("in-a-layout");
const [one, two] = [await randomImage("one"), await randomImage("two")];

async function written(layout: BucketLayout, image: WholeImage, name?: string): Promise<void> {
  const destination = await LayoutDestination.open(reference, layout, { name });
  await putImage(image, destination);
  await destination.commit();
}

function listed(layout: BucketLayout): readonly (readonly [unknown, string | undefined])[] {
  const index = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
  return index.entries.map((entry) => [entry["digest"], nameOfEntry(entry)] as const);
}

test("an image is listed with its name; the instances of an index are not", async () => {
  const layout = new BucketLayout();
  const index = await randomIndex("index");
  await written(layout, one, "v1");
  await written(layout, index, "v2");
  expect(listed(layout)).toEqual([
    [one.manifest.digest, "v1"],
    [index.manifest.digest, "v2"],
  ]);
  expect(layout.files.get("oci-layout")).toEqual(layoutFile);
  for (const { digest, bytes } of index.instances) expect(layout.blobs.get(digest)).toEqual(bytes);
});

test("keeps entries that are added before the swap", async () => {
  const layout = new BucketLayout();
  const destination = await LayoutDestination.open(reference, layout, { name: "v1" });
  await putImage(one, destination);
  layout.meanwhile = () => {
    const theirs = withImage(emptyIndex, descriptorOf(two), "v2");
    layout.files.set("index.json", formatLayoutIndex(theirs));
  };
  await destination.commit();
  expect(listed(layout)).toEqual([
    [two.manifest.digest, "v2"],
    [one.manifest.digest, "v1"],
  ]);
});

test("a reused blob that was deleted before the commit is a retryable conflict", async () => {
  const layout = new BucketLayout();
  await written(layout, one, "v1");
  const [[digest, bytes] = []] = one.blobs;
  if (digest === undefined || bytes === undefined) throw new Error("an image without blobs");
  const destination = await LayoutDestination.open(reference, layout, { name: "v2" });
  const blob = { digest, size: bytes.byteLength, mediaType: "x" };
  expect(await destination.tryReusingBlob(blob)).toMatchObject({ digest, size: blob.size });
  await destination.putManifest(one.manifest);
  layout.meanwhile = () => {
    layout.blobs.delete(digest);
    layout.files.set("index.json", formatLayoutIndex(emptyIndex));
  };
  const failure = { code: "conflict", retryable: true };
  await expect(destination.commit()).rejects.toMatchObject(failure);
  expect(listed(layout)).toEqual([]);
});

test("a reused manifest that lost a blob before the commit is a conflict", async () => {
  const layout = new BucketLayout();
  await written(layout, one, "v1");
  const destination = await LayoutDestination.open(reference, layout, { name: "v2" });
  const { digest: counted } = one.manifest;
  expect(await destination.tryReusingManifest(counted)).toEqual({ digest: counted });
  await destination.putManifest(one.manifest);
  const [digest] = one.blobs.keys();
  layout.meanwhile = () => {
    if (digest !== undefined) layout.blobs.delete(digest);
    layout.files.set("index.json", formatLayoutIndex(emptyIndex));
  };
  const failure = { code: "conflict", retryable: true };
  await expect(destination.commit()).rejects.toMatchObject(failure);
  expect(listed(layout)).toEqual([]);
});

test("a blob of another size is not reused", async () => {
  const layout = new BucketLayout();
  const digest = digestOf(Buffer.from("whole"));
  layout.blobs.set(digest, Buffer.from("who"));
  const destination = await LayoutDestination.open(reference, layout, { name: undefined });
  expect(await destination.tryReusingBlob({ digest, size: 5, mediaType: "x" })).toBeUndefined();
});

test("a manifest of an unsupported type is rejected, so another type may be tried", async () => {
  const destination = await LayoutDestination.open(reference, new BucketLayout(), { name: "v1" });
  const manifest = { bytes: Buffer.from("{}"), mediaType: mediaTypes.dockerSchema1Signed };
  await expect(destination.putManifest(manifest)).rejects.toMatchObject({
    code: "manifest-rejected",
  });
});

test("a manifest is not stored under a digest that does not match", async () => {
  const layout = new BucketLayout();
  const destination = await LayoutDestination.open(reference, layout, { name: "v1" });
  const put = destination.putManifest(one.manifest, { instance: two.manifest.digest });
  await expect(put).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(layout.blobs.size).toBe(0);
});

test("a digest of another algorithm is preserved", async () => {
  const layout = new BucketLayout();
  const { bytes, mediaType } = one.manifest;
  const digest = digestOf(bytes, "sha512");
  const destination = await LayoutDestination.open(reference, layout, { name: "v1" });
  await destination.putManifest({ bytes, mediaType, digest });
  await destination.commit();
  expect(listed(layout)).toEqual([[digest, "v1"]]);
});

test("an instance is reused only with everything it references", async () => {
  const layout = new BucketLayout();
  const index = await randomIndex("index", { nested: true });
  await written(layout, index, "v1");
  const find = async (at: number) => {
    const destination = await LayoutDestination.open(reference, layout, { name: "v1" });
    const { digest } = index.instances[at] ?? index.manifest;
    const reused = await destination.tryReusingManifest(digest, { index: index.manifest.digest });
    return reused?.digest;
  };
  const digests = index.instances.map(({ digest }) => digest);
  expect(await Promise.all(digests.map(async (_, at) => find(at)))).toEqual(digests);
  const [first] = index.blobs.keys();
  if (first !== undefined) layout.blobs.delete(first);
  const missing = await Promise.all(digests.map(async (_, at) => find(at)));
  expect(missing).toContain(undefined);
});

test("`resolve` returns the digest of a name, and none for an absent name", async () => {
  const layout = new BucketLayout();
  await written(layout, one, "v1");
  const find = async (name: string | undefined) =>
    (await LayoutDestination.open(reference, layout, { name })).resolve();
  expect([await find("v1"), await find("v2"), await find(undefined)]).toEqual([
    one.manifest.digest,
    undefined,
    one.manifest.digest,
  ]);
  await written(layout, two, "v2");
  expect(await find(undefined)).toBeUndefined();
});

test("an invalid index is left unchanged", async () => {
  const layout = new BucketLayout();
  layout.files.set("index.json", Buffer.from("{"));
  const opened = LayoutDestination.open(reference, layout, { name: "v1" });
  await expect(opened).rejects.toMatchObject({ code: "invalid-manifest" });
  expect(layout.isDisposed).toBe(true);
});

test("layers are preserved by default", async () => {
  const layout = new BucketLayout();
  const plain = await LayoutDestination.open(reference, layout, { name: "v1" });
  const packing = await LayoutDestination.open(reference, layout, {
    name: "v1",
    layers: "compress",
  });
  expect([plain.accepts.layers, packing.accepts.layers]).toEqual(["preserve", "compress"]);
});

test("a blob of unknown digest is stored under its digest", async () => {
  const layout = new BucketLayout();
  const destination = await LayoutDestination.open(reference, layout, { name: "v1" });
  const bytes = Buffer.from("content");
  const stored = await destination.putBlob(streamOf(bytes), {});
  expect(stored).toMatchObject({ digest: digestOf(bytes), size: 7 });
});
