import { chmod, chown, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, hexOf } from "@drayage/core";
import type { CopyOptions } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { directory } from "../src/index.ts";

const isRoot = process.getuid?.() === 0;

/** An image in a folder whose layer was replaced by other bytes of the same size. */
async function tamperedImage() {
  const folder = path.join(await scratchFolder(), "image");
  const image = await randomImage("tampered");
  const from = await inMemory(image);
  const reference = directory().parseReference(folder);
  const copy = (options: CopyOptions = {}) => copyImage(from, reference, options);
  await copy();
  const [digest] = image.blobs.keys();
  const file = path.join(folder, digest === undefined ? "" : hexOf(digest));
  const tampered = Buffer.from(await readFile(file));
  tampered[0] = (tampered[0] ?? 0) ^ 1;
  await writeFile(file, tampered);
  return { folder, file, image, reference, copy };
}

test("a blob that only this user can write is trusted by its size; a repair reads it", async () => {
  const { image, reference, copy } = await tamperedImage();
  expect(await copy()).toMatchObject({ alreadyThere: true });
  expect(await copy({ repair: true })).toMatchObject({ blobs: { copied: 1 } });
  await assertImage(reference, image);
});

test("a blob without a manifest is read before it is reused", async () => {
  const { image, reference, copy, folder } = await tamperedImage();
  await writeFile(path.join(folder, "manifest.json"), "{}");
  expect(await copy()).toMatchObject({ blobs: { copied: 1 } });
  await assertImage(reference, image);
});

type Tampered = Awaited<ReturnType<typeof tamperedImage>>;
const openings: Readonly<Record<string, (image: Tampered) => Promise<unknown>>> = {
  "whose file others may write": ({ file }) => chmod(file, 0o666),
  "in a folder that others may write": ({ folder }) => chmod(folder, 0o777),
  ...(isRoot && {
    "that belongs to another user": ({ file }) => chown(file, 65_534, 65_534),
    "in a folder of another user": ({ folder }) => chown(folder, 65_534, 65_534),
  }),
};

test.each(Object.keys(openings))(
  "a blob %s is read before the image counts as present",
  async (kind) => {
    const tampered = await tamperedImage();
    await openings[kind]?.(tampered);
    expect(await tampered.copy()).toMatchObject({ alreadyThere: false, blobs: { copied: 1 } });
    await assertImage(tampered.reference, tampered.image);
    expect(await tampered.copy()).toMatchObject({ alreadyThere: true });
  },
);
