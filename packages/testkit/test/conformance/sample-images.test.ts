import { mediaTypes } from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { expect, test } from "vitest";

import { imageFor, indexFor, acceptsType } from "../../src/conformance/sample-images.ts";

const accepts = {
  manifestMIMETypes: undefined,
  layers: "preserve",
  foreignLayerURLs: false,
  signatures: true,
  parallelBlobs: 1,
} as const;
const docker = {
  ...accepts,
  manifestMIMETypes: [mediaTypes.dockerManifest, mediaTypes.dockerList],
};
const decompressing = { ...docker, layers: "decompress" } as const;

test.each([
  ["a store without accepts", undefined, mediaTypes.ociManifest, mediaTypes.ociIndex, /gzip$/],
  ["a store that accepts all types", accepts, mediaTypes.ociManifest, mediaTypes.ociIndex, /gzip$/],
  [
    "a store that accepts Docker types",
    docker,
    mediaTypes.dockerManifest,
    mediaTypes.dockerList,
    /gzip$/,
  ],
  [
    "a store that decompresses",
    decompressing,
    mediaTypes.dockerManifest,
    mediaTypes.dockerList,
    /tar$/,
  ],
])("images for %s have the types that it accepts", async (_, given, manifest, list, layers) => {
  const image = await imageFor({ accepts: given }, "types");
  const index = await indexFor({ accepts: given }, "types");
  expect([image.manifest.mediaType, index.manifest.mediaType]).toEqual([manifest, list]);
  for (const one of [image.manifest, ...index.instances]) {
    const parsed = parseManifest(one);
    const found = parsed.kind === "image" ? parsed.layers.map(({ mediaType }) => mediaType) : [];
    expect(found).toHaveLength(3);
    for (const mediaType of found) expect(mediaType).toMatch(layers);
  }
  expect(acceptsType(given, manifest)).toBe(true);
  expect(acceptsType(given, mediaTypes.ociIndex)).toBe(list === mediaTypes.ociIndex);
});

test("the last forty images are cached", async () => {
  const image = async (seed: string, layers = 1) => imageFor({ accepts }, seed, { layers });
  const [first, second] = [await image("first"), await image("second")];
  expect(await image("first", 2)).not.toBe(first);
  for (let at = 0; at < 37; at++) await image(`other ${at}`);
  expect(await image("first")).toBe(first);
  await image("one more");
  expect(await image("first")).toBe(first);
  expect(await image("second")).not.toBe(second);
});
