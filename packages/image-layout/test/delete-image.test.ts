import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { descriptorOf, putImage, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import {
  deleteLayoutImage,
  emptyIndex,
  formatLayoutIndex,
  LayoutDestination,
  nameOfEntry,
  parseLayoutIndex,
  withImage,
} from "../src/index.ts";
import type { ImageSelector } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const named = (name: string): ImageSelector => ({ kind: "name", name });

async function layoutOf(images: Readonly<Record<string, WholeImage>>): Promise<BucketLayout> {
  const layout = new BucketLayout();
  for (const [name, image] of Object.entries(images)) {
    const reference = memory().parseReference(name);
    const destination = await LayoutDestination.open(reference, layout, { name });
    await putImage(image, destination);
    await destination.commit();
  }
  return layout;
}

function digestsOf({ manifest, instances, blobs }: WholeImage): readonly Digest[] {
  return [...[manifest, ...instances].map(({ digest }) => digest), ...blobs.keys()];
}

function names(layout: BucketLayout): readonly (string | undefined)[] {
  const index = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
  return index.entries.map(nameOfEntry);
}

const one = await randomImage("one");
const index = await randomIndex("index");
const nested = await randomIndex("nested", { nested: true });
const dockers = await randomIndex("docker", { format: "docker" });

describe("deleting the last image leaves only an empty index", () => {
  test.each([
    ["an image", one],
    ["an index", index],
    ["an index of indexes", nested],
    ["Docker's", dockers],
  ] as const)("%s", async (_, image) => {
    const layout = await layoutOf({ v1: image });
    await deleteLayoutImage(layout, { kind: "only" });
    expect([names(layout), layout.blobs.size]).toEqual([[], 0]);
  });
});

test("keeps blobs that another image needs", async () => {
  const [other, sharing] = [await randomIndex("index", { sharedLayers: 1 }), index];
  const single = await randomImage("single");
  const layout = await layoutOf({ v1: other, v2: single, v3: sharing });
  await deleteLayoutImage(layout, named("v1"));
  expect(names(layout)).toEqual(["v2", "v3"]);
  const kept = new Set([...digestsOf(single), ...digestsOf(sharing)]);
  expect(new Set(layout.blobs.keys())).toEqual(kept);
});

test("deleting one of two names deletes no blob", async () => {
  const layout = await layoutOf({ v1: one, v2: one });
  const blobs = new Set(layout.blobs.keys());
  await deleteLayoutImage(layout, named("v1"));
  expect([names(layout), new Set(layout.blobs.keys())]).toEqual([["v2"], blobs]);
});

test("deleting by digest removes both names of the image only", async () => {
  const layout = await layoutOf({ v1: one, v2: index, v3: one });
  await deleteLayoutImage(layout, { kind: "digest", digest: one.manifest.digest });
  expect(names(layout)).toEqual(["v2"]);
  expect(new Set(layout.blobs.keys())).toEqual(new Set(digestsOf(index)));
});

test("a name that is listed twice selects the image, a position one entry", async () => {
  for (const [selector, left] of [
    [named("v1"), ["v2"]],
    [{ kind: "position", position: 1 }, ["v1", "v2"]],
  ] as const) {
    const layout = await layoutOf({ v1: one, v2: one });
    const { fields, entries } = parseLayoutIndex(layout.files.get("index.json")!);
    const twice = { fields, entries: [entries[0]!, ...entries] };
    layout.files.set("index.json", formatLayoutIndex(twice));
    await deleteLayoutImage(layout, selector);
    expect(names(layout)).toEqual(left);
    expect(layout.blobs.size).toBe(digestsOf(one).length);
  }
});

test("keeps an instance of a deleted index that is listed itself", async () => {
  const layout = await layoutOf({ v1: index });
  const [instance] = index.instances;
  if (instance === undefined) throw new Error("an index without instances");
  const { digest, mediaType, bytes } = instance;
  const before = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
  const both = withImage(before, { digest, mediaType, size: bytes.byteLength }, "alone");
  layout.files.set("index.json", formatLayoutIndex(both));
  await deleteLayoutImage(layout, named("v1"));
  expect(layout.blobs.has(digest)).toBe(true);
  expect(layout.blobs.has(index.manifest.digest)).toBe(false);
  expect(layout.blobs.size).toBeGreaterThan(1);
});

test("deletes an index with a missing instance", async () => {
  const layout = await layoutOf({ v1: index, v2: one });
  const [instance] = index.instances;
  if (instance !== undefined) layout.blobs.delete(instance.digest);
  await deleteLayoutImage(layout, named("v1"));
  for (const digest of digestsOf(one)) expect(layout.blobs.has(digest)).toBe(true);
});

test("deletes nothing if the blobs of the other images are unknown", async () => {
  const layout = await layoutOf({ v1: one, v2: index });
  layout.blobs.set(index.manifest.digest, Buffer.from("{}"));
  const before = new Map(layout.blobs);
  const deleted = deleteLayoutImage(layout, named("v1"));
  await expect(deleted).rejects.toMatchObject({ code: "digest-mismatch" });
  expect([names(layout), layout.blobs]).toEqual([["v1", "v2"], before]);
});

test("keeps blobs of an image that is added before the swap", async () => {
  const layout = await layoutOf({ v1: one });
  layout.meanwhile = () => {
    const both = withImage(withImage(emptyIndex, descriptorOf(one), "v1"), descriptorOf(one), "v2");
    layout.files.set("index.json", formatLayoutIndex(both));
  };
  await deleteLayoutImage(layout, named("v1"));
  expect(names(layout)).toEqual(["v2"]);
  for (const digest of digestsOf(one)) expect(layout.blobs.has(digest)).toBe(true);
});

test.each([named("v3"), { kind: "only" }, { kind: "position", position: 2 }] as const)(
  "%j is not found among two images, and nothing is deleted",
  async (selector) => {
    const layout = await layoutOf({ v1: one, v2: index });
    const count = layout.blobs.size;
    const deleted = deleteLayoutImage(layout, selector);
    await expect(deleted).rejects.toMatchObject({ code: "not-found" });
    expect([names(layout), layout.blobs.size]).toEqual([["v1", "v2"], count]);
  },
);

test("does not create a layout in order to delete", async () => {
  const layout = new BucketLayout();
  const deleted = deleteLayoutImage(layout, named("v1"));
  await expect(deleted).rejects.toMatchObject({ code: "not-found" });
  expect(layout.files.size).toBe(0);
});

test("a listed blob of another type can be a layer of an image", async () => {
  const layout = await layoutOf({ v1: one });
  const [[digest, bytes] = []] = one.blobs;
  if (digest === undefined || bytes === undefined) throw new Error("an image without blobs");
  const before = parseLayoutIndex(layout.files.get("index.json") ?? new Uint8Array());
  const listed = withImage(
    before,
    { digest, mediaType: "text/plain", size: bytes.byteLength },
    undefined,
  );
  layout.files.set("index.json", formatLayoutIndex(listed));
  await deleteLayoutImage(layout, named("v1"));
  expect([...layout.blobs.keys()]).toEqual([digest]);
});

describe("keeps blobs that another image needs, whatever other entries contain", () => {
  /** Stores a manifest and lists it. */
  function add(layout: BucketLayout, name: string, mediaType: string, fields: object): void {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
    const digest = digestOf(bytes);
    layout.blobs.set(digest, bytes);
    const before = parseLayoutIndex(layout.files.get("index.json")!);
    const after = withImage(before, { mediaType, digest, size: bytes.byteLength }, name);
    layout.files.set("index.json", formatLayoutIndex(after));
  }

  function blob(layout: BucketLayout, mediaType: string): Descriptor {
    const bytes = Buffer.from("{}");
    layout.blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  }

  const expectComplete = (layout: BucketLayout, image: WholeImage): void => {
    for (const digest of digestsOf(image)) expect(layout.blobs.has(digest)).toBe(true);
  };

  test("a layer that is the manifest of another image", async () => {
    const layout = await layoutOf({ kept: one });
    add(layout, "gone", mediaTypes.ociIndex, { manifests: [descriptorOf(one)] });
    const layers = [{ ...descriptorOf(one), mediaType: "application/vnd.oci.image.layer.v1.tar" }];
    const config = blob(layout, mediaTypes.ociConfig);
    add(layout, "other", mediaTypes.ociManifest, { config, layers });
    await deleteLayoutImage(layout, named("gone"));
    expectComplete(layout, one);
  });

  test.each([
    ["another type", mediaTypes.dockerManifest],
    ["an unknown type", "text/plain"],
    ["a type with a parameter", `${mediaTypes.ociManifest}; charset=utf-8`],
    ["a type in capitals", mediaTypes.ociManifest.toUpperCase()],
  ])("an index that lists an instance with %s", async (_, mediaType) => {
    const layout = await layoutOf({ instance: one, gone: index });
    const platform = { os: "linux", architecture: "amd64" };
    const manifests = [{ ...descriptorOf(one), mediaType, platform }];
    add(layout, "list", mediaTypes.ociIndex, { manifests });
    await deleteLayoutImage(layout, named("instance"));
    await deleteLayoutImage(layout, named("gone"));
    expectComplete(layout, one);
    await deleteLayoutImage(layout, named("list"));
    expect(layout.blobs.size).toBe(0);
  });

  test("a layer with the media type of a manifest does not prevent deleting another image", async () => {
    const layout = await layoutOf({ gone: index });
    const config = blob(layout, mediaTypes.ociConfig);
    const layers = [{ ...config, mediaType: mediaTypes.ociIndex }];
    add(layout, "other", mediaTypes.ociManifest, { config, layers });
    await deleteLayoutImage(layout, named("gone"));
    expect(layout.blobs.size).toBe(2);
  });

  test("a platform on an entry that is not a manifest", async () => {
    const layout = await layoutOf({ gone: index });
    const platform = { os: "linux", architecture: "amd64" };
    const manifests = [{ ...blob(layout, "text/plain"), platform }];
    add(layout, "other", mediaTypes.ociIndex, { manifests });
    await deleteLayoutImage(layout, named("gone"));
    expect(layout.blobs.size).toBe(2);
  });
});
