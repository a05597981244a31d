import { digestOf } from "@drayage/core";
import { checkDigest } from "@drayage/core/content";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";
import { parseNamedReference } from "@drayage/core/reference";
import { tarFile } from "@drayage/test-support";
import type { TarFileMember } from "@drayage/test-support";
import { expect, test } from "vitest";

import { DockerArchiveSource, TarArchive } from "../src/index.ts";
import { CountedBytes } from "./counted-bytes.ts";

const layerSize = 3 << 20;

function imageMembers(name: string): {
  readonly members: readonly TarFileMember[];
  readonly entry: object;
} {
  const layers = [0, 1, 2].map((at) => Buffer.alloc(layerSize, `${name} ${at}`));
  const config = JSON.stringify({
    rootfs: { type: "layers", diff_ids: layers.map((one) => digestOf(one)) },
  });
  const layerNames = layers.map((_, at) => `${name}/${at}.tar`);
  return {
    members: [
      ...layers.map((content, at) => ({ name: layerNames[at] ?? "", content })),
      { name: `${name}.json`, content: config },
    ],
    entry: { Config: `${name}.json`, RepoTags: [`${name}:1`], Layers: layerNames },
  };
}

test("reading one of many images reads the headers and its own members, in few reads", async () => {
  const images = Array.from({ length: 8 }, (_, at) => imageMembers(`image${at}`));
  const content = tarFile([
    ...images.flatMap(({ members }) => members),
    { name: "manifest.json", content: JSON.stringify(images.map(({ entry }) => entry)) },
  ]);
  const bytes = CountedBytes.of(content);
  const archive = await TarArchive.open(bytes);
  expect(bytes.reads.length).toBeLessThanOrEqual(8 * 3 + 1);
  expect(bytes.bytesRead).toBeLessThanOrEqual((8 * 3 + 1) << 16);

  const before = { reads: bytes.reads.length, bytes: bytes.bytesRead };
  const name = parseNamedReference("image5:1");
  const reference = memory().parseReference("archive");
  await using source = await DockerArchiveSource.open(reference, archive, { kind: "name", name });
  const manifest = parseManifest(await source.getManifest());
  for (const layer of manifest.kind === "image" ? manifest.layers : [])
    checkDigest(
      digestOf(Buffer.concat(await Array.fromAsync(source.getBlob(layer)))),
      layer.digest,
    );
  // manifest.json, the config, the beginning of each layer, each layer.
  expect(bytes.reads.length - before.reads).toBe(2 + 3 + 3);
  expect(bytes.bytesRead - before.bytes).toBeLessThan(3 * layerSize + 10_000);
});
