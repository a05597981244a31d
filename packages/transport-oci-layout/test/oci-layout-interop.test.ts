import { readFile } from "node:fs/promises";
import path from "node:path";

import { copyImage } from "@drayage/core";
import { findProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { inMemory, assertImage, randomImage, randomIndex, writeImage } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const transport = ociLayout();
const [skopeo, umoci] = [findProgram("skopeo"), findProgram("umoci")];

describe.skipIf(skopeo === undefined)("skopeo", () => {
  const run = async (...args: readonly string[]) =>
    outputOf(skopeo ?? "", "--insecure-policy", ...args);

  test.each([
    ["an image", randomImage("one")],
    ["an index", randomIndex("index")],
  ])("reads %s that Drayage wrote, and Drayage reads its copy", async (_, made) => {
    const image: WholeImage = await made;
    const folder = await scratchFolder();
    const [ours, theirs] = [`${folder}/ours:v1`, `${folder}/theirs:v1`];
    await writeImage(image, transport.parseReference(ours));
    const raw = await run("inspect", "--raw", `oci:${ours}`);
    expect(Buffer.from(raw)).toEqual(Buffer.from(image.manifest.bytes));
    await run("copy", "--quiet", "--all", `oci:${ours}`, `oci:${theirs}`);
    await assertImage(transport.parseReference(theirs), image);
  });

  test("reads Docker manifests that Drayage wrote", async () => {
    const folder = await scratchFolder();
    const image = await randomImage("docker", { format: "docker" });
    // Only newer versions find them by name.
    await writeImage(image, transport.parseReference(`${folder}/ours`));
    await run("copy", "--quiet", `oci:${folder}/ours`, `dir:${folder}/dir`);
    const copied = await readFile(path.join(folder, "dir", "manifest.json"));
    expect(copied).toEqual(Buffer.from(image.manifest.bytes));
  });

  test("and Drayage write to and delete from each other's layouts", async () => {
    const folder = await scratchFolder();
    const images = [await randomImage("one"), await randomImage("two"), await randomImage("three")];
    const at = (tag: number) => transport.parseReference(`${folder}/both:v${tag}`);
    for (const [tag, image] of images.entries()) {
      await writeImage(image, transport.parseReference(`${folder}/from:v${tag}`));
      if (tag % 2 === 0) await copyImage(await inMemory(image), at(tag));
      else await run("copy", "--quiet", `oci:${folder}/from:v${tag}`, `oci:${folder}/both:v${tag}`);
    }
    await Promise.all(images.map(async (image, tag) => assertImage(at(tag), image)));
    await at(1).deleteImage();
    await run("delete", `oci:${folder}/both:v0`).catch(() => at(0).deleteImage());
    const [, , last] = images;
    if (last !== undefined) await assertImage(at(2), last);
  });
});

describe.skipIf(umoci === undefined)("umoci", () => {
  test("extracts an image that Drayage wrote", async () => {
    const folder = await scratchFolder();
    const image = await randomImage("one");
    await writeImage(image, transport.parseReference(`${folder}/ours:v1`));
    const rootless = process.getuid?.() === 0 ? [] : ["--rootless"];
    await outputOf(
      umoci ?? "",
      "unpack",
      ...rootless,
      "--image",
      `${folder}/ours:v1`,
      `${folder}/bundle`,
    );
    const config = await readFile(path.join(folder, "bundle", "config.json"), "utf8");
    expect(JSON.parse(config)).toHaveProperty("process.args");
    expect(await outputOf(umoci ?? "", "ls", "--layout", `${folder}/ours`)).toBe("v1\n");
  });

  test("creates a layout that Drayage writes to and reads", async () => {
    const folder = await scratchFolder();
    const layout = `${folder}/theirs`;
    await outputOf(umoci ?? "", "init", "--layout", layout);
    await outputOf(umoci ?? "", "new", "--image", `${layout}:empty`);
    const image = await randomImage("one");
    await writeImage(image, transport.parseReference(`${layout}:v1`));
    await outputOf(umoci ?? "", "gc", "--layout", layout);
    await assertImage(transport.parseReference(`${layout}:v1`), image);
    await using empty = await transport.parseReference(`${layout}:empty`).newImageSource();
    expect((await empty.getManifest()).bytes.byteLength).toBeGreaterThan(0);
  });
});

test.skipIf(skopeo === undefined || umoci === undefined)("skopeo and umoci are installed", () => {
  expect([skopeo, umoci]).not.toContain(undefined);
});
