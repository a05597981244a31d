import path from "node:path";

import { copyImage, openImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { compressionOf, readAll } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { verifyImage } from "@drayage/core/verify";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const image = await randomImage("generated", { layers: 2 });

/** A docker archive of the image: its layers are uncompressed, and its manifest is generated. */
async function archived(): Promise<ImageReference> {
  const reference = dockerArchive().parseReference(`${await scratchFolder()}/docker.tar:a:b`);
  await copyImage(await inMemory(image), reference);
  return reference;
}

/** The compression of each layer. */
async function compressions(reference: ImageReference): Promise<readonly unknown[]> {
  await using copy = await openImage(reference);
  await using source = await reference.newImageSource();
  return await Promise.all(
    copy.layerInfos.map(async (layer) =>
      compressionOf(await readAll(source.getBlob(layer), layer.size ?? 0)),
    ),
  );
}

test.each([
  ["are compressed in a layout", {}, "gzip"],
  ["stay uncompressed if requested", { layers: "preserve" }, "none"],
  ["are compressed if requested", { layers: "compress" }, "gzip"],
] as const)("layers of a docker archive %s", async (_, settings, expected) => {
  const file = path.join(await scratchFolder(), "oci.tar");
  const to = ociArchive(settings).parseReference(`${file}:x`);
  await copyImage(await archived(), to);
  expect(await compressions(to)).toEqual([expected, expected]);
  expect(await verifyImage(to)).toMatchObject({ problems: [] });
});

test("layers of an OCI archive are not changed", async () => {
  const plain = await randomImage("plain", { layers: 2, compression: "none" });
  const to = ociArchive().parseReference(`${await scratchFolder()}/oci.tar:x`);
  const { digest } = await copyImage(await inMemory(plain), to);
  expect(digest).toBe(plain.manifest.digest);
});

test("a docker archive of an image with sha512 digests is reported with the sha256 digest that readers compute", async () => {
  const named = await randomImage("sha512", { digestAlgorithm: "sha512", format: "docker" });
  const archive = dockerArchive().parseReference(`${await scratchFolder()}/image.tar:a/b:1`);
  const { digest, changes } = await copyImage(await inMemory(named), archive);
  const back = await copyImage(archive, memory().parseReference("back"));
  expect(digest).toMatch(/^sha256:/);
  expect(digest).toBe(back.sourceDigest);
  expect(changes).toMatchObject([{ from: named.manifest.digest, to: digest }]);
});
