import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, hexOf, mediaTypes, previewCopy } from "@drayage/core";
import type { Signature } from "@drayage/core";
import { contentOf, scratchFolder } from "@drayage/test-support";
import {
  inMemory,
  assertNoImage,
  assertImage,
  putImage,
  randomImage,
  randomIndex,
  writeImage,
} from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { directory } from "../src/index.ts";

const transport = directory();
const [one, two] = [await randomImage("one"), await randomImage("two")];
const version = "Directory Transport Version: 1.1\n";
const signatures: readonly Signature[] = [
  { kind: "simple-signing", bytes: Buffer.from([0xa3, 1, 2]) },
  { kind: "simple-signing", bytes: Buffer.from([0xa3, 3, 4]) },
];

function filesOf(image: WholeImage): readonly string[] {
  const instances = image.instances.map(({ digest }) => `${hexOf(digest)}.manifest.json`);
  const blobs = [...image.blobs.keys()].map(hexOf);
  return ["manifest.json", "version", ...instances, ...blobs].toSorted();
}

async function writeSigned(image: WholeImage, folder: string, signed: boolean): Promise<void> {
  await using destination = await transport.parseReference(folder).newImageDestination();
  await putImage(image, destination);
  const [instance] = image.instances;
  if (signed) {
    await destination.putSignatures(signatures);
    if (instance !== undefined)
      await destination.putSignatures(signatures.slice(1), instance.digest);
  }
  await destination.commit();
}

test("a folder has exactly the files of its image", async () => {
  const folder = path.join(await scratchFolder(), "image");
  await writeImage(one, transport.parseReference(folder));
  expect((await readdir(folder)).toSorted()).toEqual(filesOf(one));
  expect(await readFile(path.join(folder, "version"), "utf8")).toBe(version);
  expect(await readFile(path.join(folder, "manifest.json"))).toEqual(
    Buffer.from(one.manifest.bytes),
  );
});

test("an index is stored with the manifests of its instances and all signatures", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const index = await randomIndex("index");
  const [instance] = index.instances;
  if (instance === undefined) throw new Error("an index without instances");
  await writeSigned(index, folder, true);
  const names = ["signature-1", "signature-2", `${hexOf(instance.digest)}.signature-1`];
  expect((await readdir(folder)).toSorted()).toEqual([...filesOf(index), ...names].toSorted());
  await using source = await transport.parseReference(folder).newImageSource();
  expect(await source.getSignatures()).toEqual(signatures);
  expect(await source.getSignatures(instance.digest)).toEqual(signatures.slice(1));
});

test("another digest algorithm is a prefix of the file name, and makes version 1.2", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const bytes = Buffer.from("content");
  const digest = digestOf(bytes, "sha512");
  {
    await using destination = await transport.parseReference(folder).newImageDestination();
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    await destination.putBlob(stream(), { digest, size: 7 });
    await destination.putManifest(one.manifest);
    await destination.commit();
  }
  expect((await readdir(folder)).toSorted()).toEqual(
    ["manifest.json", `sha512-${hexOf(digest)}`, "version"].toSorted(),
  );
  const file = path.join(folder, "version");
  expect(await readFile(file, "utf8")).toBe("Directory Transport Version: 1.2\n");
  await writeImage(two, transport.parseReference(folder));
  expect(await readFile(file, "utf8")).toBe(version);
  expect((await readdir(folder)).toSorted()).toEqual(filesOf(two));
});

test("another image replaces the existing one; only foreign files are kept", async () => {
  const folder = path.join(await scratchFolder(), "image");
  await writeSigned(await randomIndex("index"), folder, true);
  await writeFile(path.join(folder, "notes.txt"), "mine");
  await writeImage(two, transport.parseReference(folder));
  expect((await readdir(folder)).toSorted()).toEqual([...filesOf(two), "notes.txt"].toSorted());
  await assertImage(transport.parseReference(folder), two);
});

test("fewer signatures than before replace all of those", async () => {
  const folder = path.join(await scratchFolder(), "image");
  await writeSigned(one, folder, true);
  await writeSigned(one, folder, false);
  expect((await readdir(folder)).toSorted()).toEqual(filesOf(one));
});

describe("a folder that is not an image directory is rejected and left unchanged", () => {
  test.each([
    ["a file", { "notes.txt": "mine" }],
    ["a folder", { "photos/": "" }],
    ["a manifest.json of another program", { "manifest.json": "{}" }],
    ["a version file of another program", { version: "1.0\n", "manifest.json": "{}" }],
    ["a future major version", { version: "Directory Transport Version: 2.0\n" }],
    ["a future minor version", { version: "Directory Transport Version: 1.3\n" }],
    ["a version with trailing text", { version: `${version}x` }],
  ] as const)("%s", async (_, files) => {
    const folder = await scratchFolder();
    for (const [name, content] of Object.entries<string>(files)) {
      if (name.endsWith("/")) await mkdir(path.join(folder, name));
      else await writeFile(path.join(folder, name), content);
    }
    const before = await contentOf(folder);
    const written = writeImage(one, transport.parseReference(folder));
    await expect(written).rejects.toMatchObject({ code: "conflict" });
    expect(await contentOf(folder)).toEqual(before);
  });
});

test("a folder that changed between opening and commit is rejected", async () => {
  const folder = await scratchFolder();
  {
    await using destination = await transport.parseReference(folder).newImageDestination();
    await putImage(one, destination);
    await writeFile(path.join(folder, "notes.txt"), "mine");
    await expect(destination.commit()).rejects.toMatchObject({ code: "conflict" });
  }
  expect(await readdir(folder)).toEqual(["notes.txt"]);
});

test.each(["1.0", "1.1", "1.2"])(
  "an image directory of version %s is read and written",
  async (old) => {
    const folder = path.join(await scratchFolder(), "image");
    await writeImage(one, transport.parseReference(folder));
    await writeFile(path.join(folder, "version"), `Directory Transport Version: ${old}\n`);
    await assertImage(transport.parseReference(folder), one);
    await writeImage(two, transport.parseReference(folder));
    await assertImage(transport.parseReference(folder), two);
    expect(await readFile(path.join(folder, "version"), "utf8")).toBe(version);
  },
);

test.each(["Directory Transport Version: 1.3\n", "what?"])(
  "a version file with %j is rejected",
  async (text) => {
    const folder = await scratchFolder();
    await writeFile(path.join(folder, "version"), text);
    const opened = transport.parseReference(folder).newImageSource();
    await expect(opened).rejects.toMatchObject({ code: "unsupported" });
  },
);

test("reading writes nothing, not even the folder", async () => {
  const folder = await scratchFolder();
  const to = transport.parseReference(path.join(folder, "image"));
  await previewCopy(await inMemory(one), to);
  await assertNoImage(to);
  expect(await contentOf(folder)).toEqual({});
});

test("without a commit, the folder is unchanged to the last byte", async () => {
  const parent = await scratchFolder();
  const folder = path.join(parent, "image");
  const abandon = async () => {
    await using destination = await transport.parseReference(folder).newImageDestination();
    await putImage(two, destination);
    await destination.putSignatures(signatures);
  };
  await abandon();
  expect(await contentOf(parent)).toEqual({});
  await writeSigned(one, folder, true);
  const before = await contentOf(parent);
  await abandon();
  expect(await contentOf(parent)).toEqual(before);
});

test("an image that is copied onto itself is unchanged", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  await writeSigned(one, folder, true);
  const { blobs } = await copyImage(reference, reference);
  expect(blobs.copied).toBe(0);
  await assertImage(reference, one);
  await using source = await reference.newImageSource();
  expect(await source.getSignatures()).toEqual(signatures);
});

test("blobs that two successive images share are linked, not copied", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  await writeImage(one, reference);
  const [first] = one.blobs.keys();
  const shared = path.join(folder, hexOf(first ?? one.manifest.digest));
  await utimes(shared, 1, 1);
  const { manifest } = one;
  const again = {
    ...one,
    manifest: { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from("\n")]) },
  };
  again.manifest.digest = digestOf(again.manifest.bytes);
  const { blobs } = await copyImage(await inMemory(again), reference);
  expect(blobs).toMatchObject({ copied: 0, reused: one.blobs.size });
  expect((await stat(shared)).mtimeMs).toBe(1000);
});

test("after two concurrent copies into one folder, one image is complete", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  const common = await randomIndex("common", { sharedLayers: 2 });
  const images = [one, two, common];
  await Promise.all(images.map(async (image) => writeImage(image, reference)));
  await using source = await reference.newImageSource();
  const digest = digestOf((await source.getManifest()).bytes);
  const winner = images.find((image) => image.manifest.digest === digest);
  if (winner === undefined) throw new Error("no image matches");
  await assertImage(reference, winner);
  expect((await readdir(folder)).toSorted()).toEqual(filesOf(winner));
});

test("blobs that another copy deletes are kept for a copy that reuses them", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  await writeImage(one, reference);
  {
    await using destination = await reference.newImageDestination();
    for (const [digest, { byteLength: size }] of one.blobs)
      expect(await destination.tryReusingBlob({ digest, size, mediaType: "x" })).toBeDefined();
    await writeImage(two, reference);
    await destination.putManifest(one.manifest);
    await destination.commit();
  }
  await assertImage(reference, one);
  expect((await readdir(folder)).toSorted()).toEqual(filesOf(one));
});

test("an image with a missing blob does not count as present", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  await writeImage(one, reference);
  const find = async () => {
    await using destination = await reference.newImageDestination();
    return await destination.resolve();
  };
  expect(await find()).toBe(one.manifest.digest);
  const [first] = one.blobs.keys();
  await writeFile(path.join(folder, hexOf(first ?? one.manifest.digest)), "short");
  expect(await find()).toBeUndefined();
  await copyImage(await inMemory(one), reference);
  await assertImage(reference, one);
});

test("an unreadable manifest is overwritten", async () => {
  const folder = path.join(await scratchFolder(), "image");
  const reference = transport.parseReference(folder);
  await writeImage(one, reference);
  await writeFile(path.join(folder, "manifest.json"), '{"schemaVersion":1}');
  await copyImage(await inMemory(one), reference);
  await assertImage(reference, one);
});

test("a manifest of any type is stored; an instance with a wrong digest is not", async () => {
  const folder = path.join(await scratchFolder(), "image");
  await using destination = await transport.parseReference(folder).newImageDestination();
  const odd = { bytes: Buffer.from("{}"), mediaType: mediaTypes.dockerSchema1 };
  const put = destination.putManifest(odd, { instance: one.manifest.digest });
  await expect(put).rejects.toMatchObject({ code: "digest-mismatch" });
  await destination.putManifest(odd);
  await destination.commit();
  expect(await readFile(path.join(folder, "manifest.json"), "utf8")).toBe("{}");
});

test("layers are decompressed if the transport is set to do so", async () => {
  const folder = await scratchFolder();
  const from = transport.parseReference(path.join(folder, "from"));
  await writeImage(one, from);
  const unpacking = directory({ layers: "decompress" }).parseReference(path.join(folder, "to"));
  const { changes, blobs } = await copyImage(from, unpacking);
  expect([changes.length, blobs.copied > 0]).toEqual([1, true]);
});
