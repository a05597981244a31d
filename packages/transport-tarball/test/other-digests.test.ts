import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { copyImage, digestOf, hexOf, openImage } from "@drayage/core";
import { scratchFolder } from "@drayage/test-support";
import { inMemory, randomImage } from "@drayage/testkit";
import { expect, test } from "vitest";

import { dockerArchive, ociArchive } from "../src/index.ts";

test.each(["sha384", "sha512"] as const)(
  "other programs find blobs with %s digests, whose names do not fit into the name field",
  async (digestAlgorithm) => {
    const folder = await scratchFolder();
    const image = await randomImage("names", { layers: 2, digestAlgorithm });
    const to = ociArchive().parseReference(path.join(folder, "image.tar"));
    await copyImage(await inMemory(image), to);
    await promisify(execFile)("tar", ["-xf", "image.tar"], { cwd: folder });
    for (const [digest, bytes] of [...image.blobs, [image.manifest.digest, image.manifest.bytes]]) {
      const file = path.join(folder, "blobs", digestAlgorithm, hexOf(digest as never));
      expect((await readFile(file)).equals(bytes as Uint8Array)).toBe(true);
    }
  },
);

test.each([
  ["none", "the destination names layers by their DiffIDs"],
  ["gzip", "a layer is recompressed"],
] as const)(
  "a docker archive names the layers of an image with sha512 digests by their DiffIDs (%s)",
  async (compression, reason) => {
    const options = { layers: 2, digestAlgorithm: "sha512", compression } as const;
    const image = await randomImage("docker", options);
    const file = path.join(await scratchFolder(), "image.tar");
    const to = dockerArchive().parseReference(`${file}:example.com/a:1`);
    const { digest, changes } = await copyImage(await inMemory(image), to);
    expect(changes).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    await using copied = await openImage(to);
    expect(copied.manifest.digest).toBe(digest);
    expect(digest).toBe(digestOf(copied.manifest.bytes));
    const config = JSON.parse(String(await copied.configBlob())) as {
      readonly rootfs: { readonly diff_ids: readonly string[] };
    };
    const layers = copied.layerInfos.map((layer) => layer.digest);
    expect(layers).toEqual(config.rootfs.diff_ids);
  },
);
