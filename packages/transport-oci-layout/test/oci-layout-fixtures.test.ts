import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { ociLayout } from "../src/index.ts";

const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../shared/fixtures/containers-image/oci/layout/fixtures",
);
async function copyOf(name: string): Promise<string> {
  const folder = path.join(await scratchFolder(), name);
  await cp(path.join(fixtures, name), folder, { recursive: true, mode: 0 });
  return folder;
}

describe.skipIf(!existsSync(fixtures))("the fixtures of containers/image", () => {
  test.each([
    ["a", "application/vnd.oci.image.index.v1+json", "aa"],
    ["b", "application/vnd.oci.image.manifest.v1+json", "bb"],
    ["c", "application/vnd.docker.distribution.manifest.list.v2+json", "cc"],
    ["d", "application/vnd.docker.distribution.manifest.v2+json", "dd"],
  ])("the name %s selects an image", async (name, _, start) => {
    const reference = ociLayout().parseReference(`${path.join(fixtures, "name_lookups")}:${name}`);
    await using source = await reference.newImageSource();
    // The manifests are absent, only listed.
    await expect(source.getManifest()).rejects.toThrow(`sha256:${start}`);
  });

  test.each([
    ["name_lookups", "invalid-mime", "unsupported"],
    ["name_lookups", "differs", "not-found"],
    ["name_lookups", "", "not-found"],
    ["two_images_manifest", "@2", "not-found"],
  ])("%s has no image %j", async (layout, name, code) => {
    const reference = ociLayout().parseReference(`${path.join(fixtures, layout)}:${name}`);
    await expect(reference.newImageSource()).rejects.toMatchObject({ code });
  });

  test("two nameless images for different platforms are one index", async () => {
    const folder = path.join(fixtures, "two_images_manifest");
    await using source = await ociLayout().parseReference(folder).newImageSource();
    const { bytes } = await source.getManifest();
    expect(Buffer.from(bytes)).toEqual(await readFile(path.join(folder, "index.json")));
  });

  test.each(["", "@0", "latest"])(
    "deleting the only image as %j deletes its blobs",
    async (name) => {
      const folder = await copyOf("delete_image_only_one_image");
      await ociLayout().parseReference(`${folder}:${name}`).deleteImage();
      expect(await readdir(path.join(folder, "blobs", "sha256"))).toEqual([]);
    },
  );

  test("blobs in a shared folder are kept when their image is deleted", async () => {
    const folder = await copyOf("delete_image_shared_blobs_dir");
    const shared = path.join(folder, "shared_blobs");
    const before = await readdir(path.join(shared, "sha256"));
    await mkdir(shared, { recursive: true });
    await ociLayout({ sharedBlobDir: shared }).parseReference(`${folder}:latest`).deleteImage();
    expect(await readdir(path.join(shared, "sha256"))).toEqual(before);
  });
});
