import path from "node:path";

import { compressionOf, copyImage, gathered, openImage, verifyImage } from "@drayage/core";
import type { ImageReference } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

const image = await randomImage("generated", { layers: 2 });

/** A docker archive of the image: its layers lie uncompressed in it, and its manifest is generated. */
async function archived(): Promise<ImageReference> {
  const reference = dockerArchive().parseReference(`${await scratchFolder()}/docker.tar:a:b`);
  await copyImage(await inMemory(image), reference);
  return reference;
}

/** How the layers are compressed. */
async function compressions(reference: ImageReference): Promise<readonly unknown[]> {
  await using copy = await openImage(reference);
  await using source = await reference.newImageSource();
  return await Promise.all(
    copy.layerInfos.map(async (layer) =>
      compressionOf(await gathered(source.getBlob(layer), layer.size)),
    ),
  );
}

test.each([
  ["are compressed in a layout", {}, "gzip"],
  ["stay as they are where that is asked for", { layers: "preserve" }, "none"],
  ["are compressed as asked for", { layers: "compress" }, "gzip"],
] as const)("layers of a docker archive %s", async (_, settings, expected) => {
  const file = path.join(await scratchFolder(), "oci.tar");
  const to = ociArchive(settings).parseReference(`${file}:x`);
  await copyImage(await archived(), to);
  expect(await compressions(to)).toEqual([expected, expected]);
  expect(await verifyImage(to)).toMatchObject({ problems: [] });
});

test("layers of an OCI archive stay as they are", async () => {
  const plain = await randomImage("plain", { layers: 2, compression: "none" });
  const to = ociArchive().parseReference(`${await scratchFolder()}/oci.tar:x`);
  const { digest } = await copyImage(await inMemory(plain), to);
  expect(digest).toBe(plain.manifest.digest);
});
