import { execFileSync } from "node:child_process";
import { chmod, chown, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, hexOf } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const isRoot = process.getuid?.() === 0;
const otherUser = 65_534;

/** A layout with an image whose layer was replaced by other bytes of the same size. */
async function tamperedLayout(sharedBlobDir?: string) {
  const folder = path.join(await scratchFolder(), "layout");
  const image = await randomImage("tampered");
  const reference = ociLayout({ sharedBlobDir }).parseReference(`${folder}:v1`);
  const from = await inMemory(image);
  const copy = (options: CopyOptions = {}) => copyImage(from, reference, options);
  await copy();
  const blobs = path.join(sharedBlobDir ?? path.join(folder, "blobs"), "sha256");
  const [digest] = image.blobs.keys();
  if (digest === undefined) throw new Error("an image without blobs");
  const file = path.join(blobs, hexOf(digest));
  const tampered = Buffer.from(await readFile(file));
  tampered[0] = (tampered[0] ?? 0) ^ 1;
  await writeFile(file, tampered);
  const isTampered = async (): Promise<boolean> => (await readFile(file)).equals(tampered);
  return { folder, blobs, file, image, reference, copy, isTampered };
}

test("a blob that only this user can write is trusted by its size; a repair reads it", async () => {
  const { image, reference, copy, isTampered } = await tamperedLayout();
  expect(await copy()).toMatchObject({ alreadyThere: true });
  expect(await isTampered()).toBe(true);
  expect(await copy({ repair: true })).toMatchObject({ blobs: { copied: 1 } });
  await assertImage(reference, image);
});

test("a blob without a manifest is read before it is reused", async () => {
  const { folder, blobs, image, isTampered } = await tamperedLayout();
  await rm(path.join(blobs, hexOf(image.manifest.digest)));
  await writeFile(path.join(folder, "index.json"), '{"schemaVersion":2,"manifests":[]}');
  const reference = ociLayout().parseReference(`${folder}:v2`);
  const result = await copyImage(await inMemory(image), reference);
  expect(result.blobs.copied).toBe(1);
  expect(await isTampered()).toBe(false);
  await assertImage(reference, image);
});

type Tampered = Awaited<ReturnType<typeof tamperedLayout>>;
const openings: Readonly<Record<string, (layout: Tampered) => Promise<unknown>>> = {
  "whose file others may write": ({ file }) => chmod(file, 0o646),
  "whose file the group may write": ({ file }) => chmod(file, 0o664),
  "in a folder that others may write": ({ blobs }) => chmod(blobs, 0o777),
  "below a folder that others may write": ({ blobs }) => chmod(path.dirname(blobs), 0o777),
  "in a layout that others may write": ({ folder }) => chmod(folder, 0o1777),
  ...(isRoot && {
    "that belongs to another user": ({ file }) => chown(file, otherUser, otherUser),
    "in a folder of another user": ({ blobs }) => chown(blobs, otherUser, otherUser),
    "in a layout of another user": ({ folder }) => chown(folder, otherUser, otherUser),
  }),
};

test.each(Object.keys(openings))(
  "a blob %s is read before the image counts as present",
  async (kind) => {
    const layout = await tamperedLayout();
    await openings[kind]?.(layout);
    expect(await layout.copy()).toMatchObject({ alreadyThere: false, blobs: { copied: 1 } });
    await assertImage(layout.reference, layout.image);
    expect(await layout.copy()).toMatchObject({ alreadyThere: true });
  },
);

test("a blob in a shared folder that others may write to is read", async () => {
  const shared = path.join(await scratchFolder(), "shared");
  const layout = await tamperedLayout(shared);
  await chmod(shared, 0o777);
  expect(await layout.copy()).toMatchObject({ alreadyThere: false });
  expect(await layout.isTampered()).toBe(false);
});

test("a blob that is a link is read, whatever its target", async () => {
  const layout = await tamperedLayout();
  const target = path.join(await scratchFolder(), "target");
  await writeFile(target, await readFile(layout.file));
  await layout.copy({ repair: true });
  await rm(layout.file);
  await symlink(target, layout.file);
  expect(await layout.copy()).toMatchObject({ alreadyThere: false });
  await assertImage(layout.reference, layout.image);
});

test("a failed repair leaves the layout unchanged", async () => {
  const { image, reference, isTampered } = await tamperedLayout();
  const controller = new AbortController();
  const failing = copyImage(await inMemory(image), reference, {
    repair: true,
    signal: controller.signal,
    onEvent: ({ kind }) =>
      void (kind === "blob-done" && controller.abort(new Error("aborted by the test"))),
  });
  await expect(failing).rejects.toThrow("aborted by the test");
  expect(await isTampered()).toBe(true);
});

test("an intact blob is not written again", async () => {
  const folder = path.join(await scratchFolder(), "layout");
  const image = await randomImage("intact");
  const from = await inMemory(image);
  await copyImage(from, ociLayout().parseReference(`${folder}:v1`));
  const [digest] = image.blobs.keys();
  const file = path.join(folder, "blobs/sha256", digest === undefined ? "" : hexOf(digest));
  const before = await stat(file);
  await chmod(folder, 0o777);
  const repaired = await copyImage(from, ociLayout().parseReference(`${folder}:v1`), {
    repair: true,
  });
  expect(repaired.blobs.copied).toBe(0);
  expect((await stat(file)).ino).toBe(before.ino);
});

test("a named pipe instead of a blob is replaced by the blob", async () => {
  const layout = await tamperedLayout();
  await rm(layout.file);
  execFileSync("mkfifo", [layout.file]);
  await layout.copy({ repair: true });
  await assertImage(layout.reference, layout.image);
});
