import { digestOf, mediaTypes } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";
import { descriptorOf, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test, vi } from "vitest";

import { entriesOf, findImage, findOnly } from "../src/find-image.ts";
import { formatLayoutIndex, parseLayoutIndex } from "../src/index.ts";
import type { ImageSelector, IndexEntry } from "../src/index.ts";
import { BucketLayout } from "./bucket-layout.ts";

const refName = "org.opencontainers.image.ref.name";
const fullName = "io.containerd.image.name";

const [one, two] = [await randomImage("one"), await randomImage("two")];
const list = await randomIndex("list");
const nested = await randomIndex("nested", { nested: true });

const named = (name: string): ImageSelector => ({ kind: "name", name });
const only: ImageSelector = { kind: "only" };
const digest = (of: Digest): ImageSelector => ({ kind: "digest", digest: of });

function entry(image: WholeImage, annotations?: Readonly<Record<string, unknown>>): IndexEntry {
  return { ...descriptorOf(image), ...(annotations && { annotations }) };
}

function tagged(image: WholeImage, name: string): IndexEntry {
  return entry(image, { [refName]: name });
}

function layoutWith(...images: readonly WholeImage[]): BucketLayout {
  const layout = new BucketLayout();
  for (const { manifest, instances, blobs } of images) {
    for (const { digest: of, bytes } of [manifest, ...instances]) layout.blobs.set(of, bytes);
    for (const [of, bytes] of blobs) layout.blobs.set(of, bytes);
  }
  return layout;
}

/** Stores a manifest and returns its entry in an index. */
function stored(layout: BucketLayout, mediaType: string, fields: object): IndexEntry {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  const of = digestOf(bytes);
  layout.blobs.set(of, bytes);
  return { mediaType, digest: of, size: bytes.byteLength };
}

async function found(
  layout: BucketLayout,
  entries: readonly IndexEntry[],
  selector: ImageSelector,
  options: OperationOptions = {},
): Promise<Digest> {
  const fields = { schemaVersion: 2, manifests: entries };
  return (await findImage(layout, { fields, entries }, selector, options)).digest;
}

describe("the error for a missing image lists the available images", () => {
  const many = (count: number): readonly IndexEntry[] =>
    Array.from({ length: count }, (_, index) => tagged(index === 0 ? one : two, `v${index}`));
  const twenty = Array.from({ length: 20 }, (_, index) => `v${index}`).join(", ");
  const other = { mediaType: "text/plain", digest: one.manifest.digest, size: 1 };
  const full = (image: WholeImage, name: string): IndexEntry =>
    entry(image, { [refName]: "v1", [fullName]: name });

  test.each<[string, readonly IndexEntry[], ImageSelector, string]>([
    ["an empty layout", [], only, "No images in the bucket"],
    ["an empty layout, by name", [], named("v1"), "No images in the bucket"],
    ["two images with names", [tagged(one, "v1"), tagged(two, "v2")], only, "select one: v1, v2"],
    [
      "two images without names",
      [entry(one), entry(two)],
      only,
      "select one: @0 to @1 (no image has a name)",
    ],
    [
      "two images, one with a name",
      [entry(one), tagged(two, "v2")],
      only,
      "select one: v2 (or @0 to @1)",
    ],
    ["20 names", many(20), only, `select one: ${twenty}`],
    ["22 names", many(22), only, `select one: ${twenty} and 2 more`],
    [
      "a position after the last",
      [entry(one), entry(two)],
      { kind: "position", position: 2 },
      "@2 in the bucket; available: @0 to @1",
    ],
    [
      "another digest",
      [entry(one)],
      digest(two.manifest.digest),
      `No image ${two.manifest.digest} in the bucket`,
    ],
    [
      "another name",
      [entry(one)],
      named("v1"),
      "v1 in the bucket; available: @0 (no image has a name)",
    ],
    [
      "a misspelled name",
      [tagged(one, "latest"), entry(two)],
      named("latets"),
      "did you mean latest? available: latest (or @0 to @1)",
    ],
    [
      "an unknown name",
      [tagged(one, "latest")],
      named("v1"),
      "v1 in the bucket; available: latest",
    ],
    [
      "a layout with other content",
      [other],
      named("v1"),
      "v1 in the bucket; available: @0 (no image has a name)",
    ],
    [
      "the tag of two repositories",
      [full(one, "a.example/a:v1"), full(two, "b.example/b:v1")],
      named("v1"),
      "select one: a.example/a:v1, b.example/b:v1",
    ],
  ])("%s", async (_, entries, selector, end) => {
    const outcome: unknown = await found(layoutWith(one, two), entries, selector).catch(
      (error: unknown) => error,
    );
    expect(outcome).toMatchObject({ code: "not-found" });
    expect((outcome as Error).message.slice(-end.length)).toBe(end);
  });

  test("for an entry of another type is `unsupported`", async () => {
    const entries = [
      { mediaType: "text/plain", digest: one.manifest.digest, annotations: { [refName]: "v1" } },
    ];
    const failure = {
      code: "unsupported",
      message: expect.stringContaining('"text/plain"') as string,
    };
    await expect(found(layoutWith(one), entries, named("v1"))).rejects.toMatchObject(failure);
  });
});

describe("an image in a listed index is found", () => {
  const inner = { ...descriptorOf(one), annotations: { [refName]: "inner" } };

  test("by its name and by its digest", async () => {
    const layout = layoutWith(one, two);
    const entries = [
      stored(layout, mediaTypes.ociIndex, { manifests: [descriptorOf(two), inner] }),
    ];
    expect(await found(layout, entries, named("inner"))).toBe(one.manifest.digest);
    expect(await found(layout, entries, digest(one.manifest.digest))).toBe(one.manifest.digest);
    expect(await found(layout, entries, digest(two.manifest.digest))).toBe(two.manifest.digest);
    await expect(found(layout, entries, named("other"))).rejects.toMatchObject({
      code: "not-found",
    });
    const missing = found(layout, entries, digest(list.manifest.digest));
    await expect(missing).rejects.toMatchObject({ code: "not-found" });
  });

  test("in nested indexes", async () => {
    const layout = layoutWith(nested);
    for (const { digest: of } of nested.instances)
      expect(await found(layout, [entry(nested)], digest(of))).toBe(of);
  });

  test("if another index was not copied", async () => {
    const layout = layoutWith(one);
    const missing = { mediaType: mediaTypes.ociIndex, digest: two.manifest.digest, size: 1 };
    const entries = [missing, stored(layout, mediaTypes.ociIndex, { manifests: [inner] })];
    expect(await found(layout, entries, named("inner"))).toBe(one.manifest.digest);
  });

  test("unless several entries of the layout have the name", async () => {
    const layout = layoutWith(one, two);
    const full = (image: WholeImage, name: string): IndexEntry =>
      entry(image, { [refName]: "inner", [fullName]: name });
    const outer = stored(layout, mediaTypes.ociIndex, { manifests: [inner] });
    const entries = [full(one, "a.example/a:v1"), full(two, "b.example/b:v1"), outer];
    const failure = { code: "not-found", message: expect.stringContaining("Several") as string };
    await expect(found(layout, entries, named("inner"))).rejects.toMatchObject(failure);
  });

  test("with one read of each index", async () => {
    const layout = layoutWith(one, two);
    const shared = stored(layout, mediaTypes.ociIndex, { manifests: [descriptorOf(two)] });
    const outer = ["1", "2"].map((mark) =>
      stored(layout, mediaTypes.ociIndex, { manifests: [shared], annotations: { mark } }),
    );
    const entries = [entry(one), { digest: two.manifest.digest }, ...outer];
    const reads = vi.spyOn(layout, "getBlob");
    await expect(found(layout, entries, named("none"))).rejects.toMatchObject({
      code: "not-found",
    });
    const read = reads.mock.calls.map(([of]) => of as string);
    expect(read.toSorted()).toEqual(
      [shared, ...outer].map((index) => String(index["digest"])).toSorted(),
    );
    reads.mockClear();
    const beyond = found(layout, entries, { kind: "position", position: 9 });
    await expect(beyond).rejects.toMatchObject({ code: "not-found" });
    expect(reads).not.toHaveBeenCalled();
  });
});

describe("the entries of an image", () => {
  async function entriesFor(
    entries: readonly IndexEntry[],
    selector: ImageSelector,
  ): Promise<readonly IndexEntry[]> {
    const fields = { schemaVersion: 2, manifests: entries };
    return entriesOf(layoutWith(one, two, list), { fields, entries }, selector);
  }
  const attestation = {
    ...entry(two, { "vnd.docker.reference.type": "attestation-manifest" }),
    platform: { os: "unknown", architecture: "unknown" },
  };

  test("include all names of the only image, and no attestations", async () => {
    const entries = [tagged(one, "v1"), attestation, tagged(one, "v2")];
    expect(await entriesFor(entries, only)).toEqual([entries[0], entries[2]]);
  });

  test("with a name are those of the first image with it", async () => {
    const entries = [tagged(one, "v1"), tagged(two, "v1"), tagged(one, "v1"), tagged(one, "v2")];
    expect(await entriesFor(entries, named("v1"))).toEqual([entries[0], entries[2]]);
  });

  test("with a position are one entry, and with a digest all entries", async () => {
    const entries = [tagged(one, "v1"), tagged(one, "v2"), tagged(two, "v3")];
    expect(await entriesFor(entries, { kind: "position", position: 1 })).toEqual([entries[1]]);
    expect(await entriesFor(entries, digest(one.manifest.digest))).toEqual(entries.slice(0, 2));
  });

  test("are several if their platforms differ", async () => {
    const platform = (architecture: string): object => ({
      platform: { os: "linux", architecture },
    });
    const entries = [
      { ...tagged(one, "v1"), ...platform("amd64") },
      { ...tagged(two, "v1"), ...platform("arm64") },
    ];
    expect(await entriesFor(entries, named("v1"))).toEqual(entries);
    await expect(entriesFor(entries, only)).rejects.toMatchObject({ code: "not-found" });
  });

  test("have a position if there is one image", async () => {
    const index = (...entries: readonly IndexEntry[]) =>
      parseLayoutIndex(formatLayoutIndex({ fields: { schemaVersion: 2 }, entries }));
    const layout = layoutWith(one, two);
    expect(await findOnly(layout, index(attestation, tagged(one, "v1")))).toBe(1);
    expect(await findOnly(layout, index(tagged(one, "v1"), tagged(one, "v2")))).toBe(0);
    expect(await findOnly(layout, index(tagged(one, "v1"), tagged(two, "v2")))).toBeUndefined();
    expect(await findOnly(layout, index())).toBeUndefined();
  });
});
