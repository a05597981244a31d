import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, hexOf, openImage, previewCopy } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { contentOf, scratchFolder } from "@drayage/test-support";
import {
  inMemory,
  assertNoImage,
  assertImage,
  putBlobs,
  putImage,
  randomImage,
  randomIndex,
  writeImage,
} from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const transport = ociLayout();
const platform = { os: "linux", architecture: "amd64" };
const [one, two] = [await randomImage("one"), await randomImage("two")];

test("a layout has exactly its two files and the blobs of its images", async () => {
  const layout = path.join(await scratchFolder(), "layout");
  await writeImage(one, transport.parseReference(`${layout}:v1`));
  const blobs = [one.manifest.digest, ...one.blobs.keys()].map(hexOf);
  expect((await readdir(layout)).toSorted()).toEqual(["blobs", "index.json", "oci-layout"]);
  expect(await readdir(path.join(layout, "blobs"))).toEqual(["sha256"]);
  const found = await readdir(path.join(layout, "blobs", "sha256"));
  expect(found.toSorted()).toEqual(blobs.toSorted());
  expect(await readFile(path.join(layout, "oci-layout"), "utf8")).toBe(
    '{"imageLayoutVersion":"1.0.0"}',
  );
});

test("keeps foreign content of index.json and oci-layout", async () => {
  const layout = await scratchFolder();
  const marker = '{ "imageLayoutVersion": "1.1.0", "by": "hand" }\n';
  await writeFile(path.join(layout, "oci-layout"), marker);
  const before = { mine: [1, null], schemaVersion: 2, manifests: [], annotations: { a: "b" } };
  await writeFile(path.join(layout, "index.json"), JSON.stringify(before));
  await writeImage(one, transport.parseReference(`${layout}:v1`));
  const text = await readFile(path.join(layout, "index.json"), "utf8");
  const after = JSON.parse(text) as typeof before;
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect({ ...after, manifests: [] }).toEqual(before);
  expect(after.manifests).toHaveLength(1);
  expect(await readFile(path.join(layout, "oci-layout"), "utf8")).toBe(marker);
});

describe("a folder that is not a layout is rejected and left unchanged", () => {
  test.each([
    ["a file", { "notes.txt": "mine" }],
    ["a folder", { "photos/": "" }],
    ["a file beside blobs", { "blobs/": "", "notes.txt": "mine" }],
    ["an invalid index", { "index.json": "[]" }],
    ["the index of a web page", { "index.json": '{"name":"app"}', "index.html": "" }],
    [
      "a layout of a future version",
      { "oci-layout": '{"imageLayoutVersion":"2.0.0"}', "index.json": "{}" },
    ],
  ] as const)("%s", async (_, files) => {
    const folder = await scratchFolder();
    for (const [name, content] of Object.entries<string>(files)) {
      if (name.endsWith("/")) await mkdir(path.join(folder, name));
      else await writeFile(path.join(folder, name), content);
    }
    const before = await contentOf(folder);
    const written = writeImage(one, transport.parseReference(`${folder}:v1`));
    await expect(written).rejects.toMatchObject({
      code: expect.stringMatching(/^(conflict|invalid-manifest|unsupported)$/) as string,
    });
    expect(await contentOf(folder)).toEqual(before);
  });
});

test.each([
  ["nothing", {}],
  ["only oci-layout", { "oci-layout": '{"imageLayoutVersion":"1.0.0"}' }],
  ["only blobs", { "blobs/": "" }],
  ["a stale lock", { ".drayage-lock": "" }],
] as const)("a folder with %s becomes a layout", async (_, files) => {
  const folder = await scratchFolder();
  for (const name of Object.keys(files)) {
    if (name.endsWith("/")) await mkdir(path.join(folder, name));
    else if (name === "oci-layout")
      await writeFile(path.join(folder, name), '{"imageLayoutVersion":"1.0.0"}');
  }
  const reference = transport.parseReference(`${folder}:v1`);
  await writeImage(one, reference);
  await assertImage(reference, one);
});

test("reading writes nothing, not even the folder", async () => {
  const folder = await scratchFolder();
  const to = transport.parseReference(`${folder}/layout:v1`);
  await previewCopy(await inMemory(one), to);
  {
    await using destination = await to.newImageDestination();
    await destination.resolve();
    await destination.tryReusingManifest(one.manifest.digest);
    await destination.tryReusingBlob({ digest: one.manifest.digest, size: 1, mediaType: "x" });
  }
  await assertNoImage(to);
  expect(await contentOf(folder)).toEqual({});
});

test("without a commit, the folder is unchanged to the last byte", async () => {
  const folder = await scratchFolder();
  const layout = path.join(folder, "layout");
  const abandon = async (name: string) => {
    await using destination = await transport
      .parseReference(`${layout}:${name}`)
      .newImageDestination();
    await putImage(two, destination);
  };
  await abandon("v1");
  expect(await contentOf(folder)).toEqual({});
  await writeImage(one, transport.parseReference(`${layout}:v1`));
  const before = await contentOf(folder);
  await abandon("v1");
  await abandon("v2");
  expect(await contentOf(folder)).toEqual(before);
});

test("a failed commit leaves the folder unchanged", async () => {
  const folder = await scratchFolder();
  const layout = path.join(folder, "layout");
  const reference = transport.parseReference(`${layout}:v1`);
  {
    await using destination = await reference.newImageDestination();
    await putImage(one, destination);
    await mkdir(path.join(layout, "index.json"));
    await expect(destination.commit()).rejects.toMatchObject({ code: "EISDIR" });
  }
  expect(await contentOf(folder)).toEqual({ "layout/": "", "layout/index.json/": "" });
});

test("an aborted copy deletes nothing of a concurrent copy", async () => {
  const layout = path.join(await scratchFolder(), "layout");
  const [first, second] = [
    await transport.parseReference(`${layout}:v1`).newImageDestination(),
    await transport.parseReference(`${layout}:v2`).newImageDestination(),
  ];
  await putImage(one, first);
  await putImage(one, second);
  await first[Symbol.asyncDispose]();
  await second.commit();
  await second[Symbol.asyncDispose]();
  await assertImage(transport.parseReference(`${layout}:v2`), one);
});

test("deleting an image whose blobs a copy reuses is a conflict, and a new copy works", async () => {
  const layout = await scratchFolder();
  const [v1, v2] = [`${layout}:v1`, `${layout}:v2`].map((text) => transport.parseReference(text));
  if (v1 === undefined || v2 === undefined) throw new Error("two references");
  await writeImage(one, v1);
  {
    await using destination = await v2.newImageDestination();
    for (const [digest, { byteLength: size }] of one.blobs)
      expect(await destination.tryReusingBlob({ digest, size, mediaType: "x" })).toBeDefined();
    await destination.putManifest(one.manifest);
    await v1.deleteImage();
    await expect(destination.commit()).rejects.toMatchObject({ code: "conflict", retryable: true });
  }
  await assertNoImage(v2);
  await copyImage(await inMemory(one), v2);
  await assertImage(v2, one);
});

test("deleting an image that a copy reuses is a conflict", async () => {
  const layout = await scratchFolder();
  const v1 = transport.parseReference(`${layout}:v1`);
  const v2 = transport.parseReference(`${layout}:v2`);
  await writeImage(one, v1);
  await using destination = await v2.newImageDestination();
  const { digest } = one.manifest;
  expect(await destination.tryReusingManifest(digest)).toEqual({ digest });
  await destination.putManifest(one.manifest);
  await v1.deleteImage();
  await expect(destination.commit()).rejects.toMatchObject({ code: "conflict", retryable: true });
});

test("a copy between layouts clones blobs; a damaged blob is detected, and nothing is written", async () => {
  const folder = await scratchFolder();
  const [from, to] = [
    transport.parseReference(`${folder}/from:v1`),
    transport.parseReference(`${folder}/to:v1`),
  ];
  const index = await randomIndex("index");
  await writeImage(index, from);
  const { blobs } = await copyImage(from, to, { instances: "all" });
  expect(blobs).toMatchObject({ copied: 0, reused: index.blobs.size });
  await assertImage(to, index);
  await rm(path.join(folder, "to"), { recursive: true });
  const [[digest, bytes] = []] = index.blobs;
  if (digest === undefined || bytes === undefined) throw new Error("an index without blobs");
  const damaged = Uint8Array.from(bytes);
  damaged[0] = (damaged[0] ?? 0) ^ 1;
  await writeFile(path.join(folder, "from", "blobs", "sha256", hexOf(digest)), damaged);
  const copied = copyImage(from, to, { instances: "all" });
  await expect(copied).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await readdir(folder)).toEqual(["from"]);
});

test("a clone is a separate file", async () => {
  const folder = await scratchFolder();
  const [from, to] = [`${folder}/from:v1`, `${folder}/to:v1`];
  await writeImage(one, transport.parseReference(from));
  await copyImage(transport.parseReference(from), transport.parseReference(to));
  const [digest] = one.blobs.keys();
  const [a, b] = await Promise.all(
    ["from", "to"].map(async (name) =>
      stat(path.join(folder, name, "blobs", "sha256", hexOf(digest ?? one.manifest.digest))),
    ),
  );
  expect(a?.ino).not.toBe(b?.ino);
});

test("a second name needs no additional blob", async () => {
  const layout = await scratchFolder();
  await writeImage(one, transport.parseReference(`${layout}:v1`));
  const from = transport.parseReference(`${layout}:v1`);
  const { blobs } = await copyImage(from, transport.parseReference(`${layout}:v2`));
  expect(blobs).toMatchObject({ copied: 0, reused: one.blobs.size });
  await assertImage(transport.parseReference(`${layout}:v2`), one);
  await assertImage(from, one);
});

describe("a shared folder for blobs", () => {
  test("keeps the blobs of all layouts, even after a deletion", async () => {
    const folder = await scratchFolder();
    const shared = path.join(folder, "shared");
    const sharing = ociLayout({ sharedBlobDir: shared });
    const [a, b] = [
      sharing.parseReference(`${folder}/a:v1`),
      sharing.parseReference(`${folder}/b:v1`),
    ];
    await writeImage(one, a);
    const { blobs } = await copyImage(await inMemory(one), b);
    expect(blobs.copied).toBe(0);
    expect((await readdir(path.join(folder, "a"))).toSorted()).toEqual([
      "index.json",
      "oci-layout",
    ]);
    await a.deleteImage();
    await assertNoImage(a);
    await assertImage(b, one);
    expect(await readdir(shared)).toEqual(["sha256"]);
  });

  test("and the folder of the layout are not created without a commit", async () => {
    const folder = await scratchFolder();
    const sharing = ociLayout({ sharedBlobDir: path.join(folder, "shared") });
    {
      await using destination = await sharing
        .parseReference(`${folder}/a:v1`)
        .newImageDestination();
      await putBlobs(one, destination);
    }
    expect(await contentOf(folder)).toEqual({});
  });
});

test("layers are compressed or decompressed if the transport is set to do so", async () => {
  const folder = await scratchFolder();
  const plain = await randomImage("plain", { compression: "none" });
  const packing = ociLayout({ layers: "compress" }).parseReference(`${folder}/packed:v1`);
  const unpacking = ociLayout({ layers: "decompress" }).parseReference(`${folder}/plain:v1`);
  const { changes } = await copyImage(await inMemory(plain), packing);
  expect(changes).toHaveLength(1);
  await copyImage(packing, unpacking);
  await using back = await openImage(unpacking, { platform });
  const layers = parseManifest(plain.manifest);
  expect(layers).toMatchObject({ layers: back.layerInfos });
  const same = await copyImage(
    await inMemory(plain),
    transport.parseReference(`${folder}/same:v1`),
  );
  expect(same.digest).toBe(plain.manifest.digest);
});

test("a signed image is rejected with the reason", async () => {
  const from = memory().parseReference("signed");
  {
    await using destination = await from.newImageDestination?.();
    if (destination === undefined) throw new Error("memory can be written to");
    await putImage(one, destination);
    await destination.putSignatures?.([{ kind: "simple-signing", bytes: Buffer.from([0xa3]) }]);
    await destination.commit();
  }
  const folder = await scratchFolder();
  const copied = copyImage(from, transport.parseReference(`${folder}/layout:v1`));
  await expect(copied).rejects.toMatchObject({ code: "impossible-copy" });
  expect(await contentOf(folder)).toEqual({});
});
