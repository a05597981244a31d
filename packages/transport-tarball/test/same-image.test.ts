import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { copyImage, digestOf, previewCopy } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { scratchFolder, tarFile } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const transport = dockerArchive();

async function archiveOf(seed: string, name = "one:1"): Promise<[ImageReference, string]> {
  const file = path.join(await scratchFolder(), "archive.tar");
  const from = await inMemory(await randomImage(seed));
  await copyImage(from, transport.parseReference(`${file}:${name}`));
  return [from, file];
}

describe("copying to a docker archive with", () => {
  test("the same image under the same name copies nothing", async () => {
    const [from, file] = await archiveOf("same");
    const to = transport.parseReference(`${file}:one:1`);
    const before = await stat(file);
    const again = await copyImage(from, to);
    expect(again).toMatchObject({ alreadyThere: true, blobs: { copied: 0 } });
    const source = await to.newImageSource();
    await using _ = source;
    expect(digestOf((await source.getManifest()).bytes)).toBe(again.digest);
    expect((await previewCopy(from, to)).steps).toEqual([]);
    expect((await stat(file)).ino).toBe(before.ino);
    expect((await copyImage(transport.parseReference(file), to)).alreadyThere).toBe(true);
  });

  test.each([
    ["another image", "other", "one:1"],
    ["the same image under another name", "same", "two:1"],
  ])("%s is a conflict, also for the plan", async (_, seed, name) => {
    const [, file] = await archiveOf("same", "one:1");
    const from = await inMemory(await randomImage(seed));
    const content = await readFile(file);
    const to = transport.parseReference(`${file}:${name}`);
    await expect(copyImage(from, to)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("--dest-append") as string,
    });
    await expect(copyImage(from, to, { repair: true })).rejects.toMatchObject({ code: "conflict" });
    await expect(previewCopy(from, to)).rejects.toMatchObject({ code: "conflict" });
    expect((await readFile(file)).equals(content)).toBe(true);
  });

  test("invalid content is a conflict", async () => {
    const file = path.join(await scratchFolder(), "file");
    await writeFile(file, "something else");
    const from = await inMemory(await randomImage("same"));
    const copied = copyImage(from, transport.parseReference(`${file}:one:1`));
    await expect(copied).rejects.toMatchObject({ code: "conflict" });
    expect(await readFile(file, "utf8")).toBe("something else");
  });

  test("a layer that does not match its config is a conflict", async () => {
    const [from, file] = await archiveOf("same");
    await damageLargest(file);
    const copied = copyImage(from, transport.parseReference(`${file}:one:1`));
    await expect(copied).rejects.toMatchObject({ code: "conflict" });
  });
});

test("copying to an OCI archive with the same image copies nothing", async () => {
  const file = path.join(await scratchFolder(), "archive.tar");
  const from = await inMemory(await randomImage("same"));
  const to = ociArchive().parseReference(`${file}:one`);
  await copyImage(from, to);
  expect(await copyImage(from, to)).toMatchObject({ alreadyThere: true });
  await damageLargest(file);
  expect(await copyImage(from, to)).toMatchObject({ alreadyThere: false, blobs: { copied: 1 } });
  expect(await copyImage(from, to)).toMatchObject({ alreadyThere: true });
});

describe("appending to an archive with other content under the name of a layer", () => {
  const layer = (text: string): Buffer => tarFile([{ name: "file", content: text }]);
  const [good, forged] = [layer("good"), layer("evil")];
  const config = (author: string): string =>
    JSON.stringify({ author, rootfs: { type: "layers", diff_ids: [digestOf(good)] } });
  const archive = (author: string, content: Buffer): Buffer =>
    tarFile([
      { name: "config.json", content: config(author) },
      { name: "layer.tar", content },
      {
        name: "manifest.json",
        content: JSON.stringify([
          { Config: "config.json", RepoTags: [`${author}:1`], Layers: ["layer.tar"] },
        ]),
      },
    ]);

  test("stores the layer of the image", async () => {
    const folder = await scratchFolder();
    const [from, to] = [path.join(folder, "from.tar"), path.join(folder, "to.tar")];
    await writeFile(from, archive("me", good));
    await writeFile(to, archive("forged", forged));
    const appending = dockerArchive({ append: true });
    const added = await copyImage(
      transport.parseReference(from),
      appending.parseReference(`${to}:me:1`),
    );
    expect(added.blobs.copied).toBe(2);
    const source = await transport.parseReference(`${to}:me:1`).newImageSource();
    await using _ = source;
    const bytes = await Array.fromAsync(source.getBlob({ digest: digestOf(good) }));
    expect(Buffer.concat(bytes).equals(good)).toBe(true);
  });
});

/** Changes a byte of a layer in the middle of an archive. */
async function damageLargest(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.byteLength >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
