import { chmod, chown, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, hexOf } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { directory } from "../src/index.ts";

const isRoot = process.getuid?.() === 0;

/** An image in a folder, of which one layer has other bytes, in the same size. */
async function forgedImage() {
  const folder = path.join(await scratchFolder(), "image");
  const image = await randomImage("forged");
  const from = await inMemory(image);
  const reference = directory().parseReference(folder);
  const copy = (options: CopyOptions = {}) => copyImage(from, reference, options);
  await copy();
  const [digest] = image.blobs.keys();
  const file = path.join(folder, digest === undefined ? "" : hexOf(digest));
  const forged = Buffer.from(await readFile(file));
  forged[0] = (forged[0] ?? 0) ^ 1;
  await writeFile(file, forged);
  return { folder, file, image, reference, copy };
}

test("what only this user can write is there for its size, and a repair reads it", async () => {
  const { image, reference, copy } = await forgedImage();
  expect(await copy()).toMatchObject({ alreadyThere: true });
  expect(await copy({ repair: true })).toMatchObject({ blobs: { copied: 1 } });
  await assertImage(reference, image);
});

test("a blob without a manifest is read before it is counted on", async () => {
  const { image, reference, copy, folder } = await forgedImage();
  await writeFile(path.join(folder, "manifest.json"), "{}");
  expect(await copy()).toMatchObject({ blobs: { copied: 1 } });
  await assertImage(reference, image);
});

type Forged = Awaited<ReturnType<typeof forgedImage>>;
const openings: Readonly<Record<string, (image: Forged) => Promise<unknown>>> = {
  "whose file others may write": ({ file }) => chmod(file, 0o666),
  "in a folder that others may write": ({ folder }) => chmod(folder, 0o777),
  ...(isRoot && {
    "that belongs to another user": ({ file }) => chown(file, 65_534, 65_534),
    "in a folder of another user": ({ folder }) => chown(folder, 65_534, 65_534),
  }),
};

test.each(Object.keys(openings))(
  "a blob %s is read before the image counts as there",
  async (kind) => {
    const forged = await forgedImage();
    await openings[kind]?.(forged);
    expect(await forged.copy()).toMatchObject({ alreadyThere: false, blobs: { copied: 1 } });
    await assertImage(forged.reference, forged.image);
    expect(await forged.copy()).toMatchObject({ alreadyThere: true });
  },
);
