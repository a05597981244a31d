import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import { compressionOf, decompressed } from "../../src/compression/compression.ts";
import { readAll, streamOf } from "../../src/content/byte-stream.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { openImage } from "../../src/image/image.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const texts = ["one layer", "another layer"];
const tar = "application/vnd.oci.image.layer.v1.tar";
const dockerTar = "application/vnd.docker.image.rootfs.diff.tar";

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

/** A destination that stores compressed layers. */
function packing(reference = memory().parseReference("copy")): ImageReference {
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => reference.newImageSource(),
    newImageDestination: async () => {
      const real = await reference.newImageDestination();
      return Object.assign(real, { accepts: { ...real.accepts, layers: "compress" } });
    },
  });
}

/** The media types, compressions and contents of layers. */
async function layersOf(reference: ImageReference): Promise<readonly unknown[]> {
  await using image = await openImage(reference);
  await using source = await reference.newImageSource();
  const layers = image.layerInfos.map(async (layer) => {
    const bytes = await readAll(source.getBlob(layer), 1 << 20);
    const compression = compressionOf(bytes);
    const content = await readAll(decompressed(streamOf(bytes), compression), 1 << 20);
    return [layer.mediaType, compression, Buffer.from(content).toString()];
  });
  return await Promise.all(layers);
}

describe("layers to be compressed with", () => {
  test.each([
    ["zstd, and are uncompressed", "zstd", tar, (text: string) => Buffer.from(text)],
    ["zstd, and are compressed with gzip", "zstd", `${tar}+gzip`, zlib.gzipSync],
    ["zstd, and already are", "zstd", `${tar}+zstd`, zlib.zstdCompressSync],
    ["gzip, and are uncompressed", "gzip", tar, (text: string) => Buffer.from(text)],
    ["gzip, and already are", "gzip", `${tar}+gzip`, zlib.gzipSync],
    ["gzip, and are compressed with zstd", "gzip", `${tar}+zstd`, zlib.zstdCompressSync],
    ["zstd, of a docker image", "zstd", `${dockerTar}.gzip`, zlib.gzipSync],
  ] as const)("%s, are so afterwards", async (_, compression, layerType, pack) => {
    const manifestType = layerType.startsWith(tar)
      ? mediaTypes.ociManifest
      : mediaTypes.dockerManifest;
    const image = sampleImage({ layers: texts.map((text) => pack(text)), layerType, manifestType });
    const to = packing();
    const { digest } = await copyImage(await stored(image), to, { compression });
    expect(await layersOf(to)).toEqual(
      texts.map((text) => [`${tar}+${compression}`, compression, text]),
    );
    const isUnchanged = layerType === `${tar}+${compression}`;
    expect(digest === image.manifest.digest).toBe(isUnchanged);
  });

  test("zstd convert a Docker manifest list to an OCI index", async () => {
    const image = sampleImage({
      layers: texts,
      layerType: `${dockerTar}.gzip`,
      manifestType: mediaTypes.dockerManifest,
    });
    const to = packing();
    const options: CopyOptions = { compression: "zstd", instances: "all" };
    const { manifest } = await copyImage(
      await stored(sampleIndex([image], mediaTypes.dockerList)),
      to,
      options,
    );
    expect(manifest.mediaType).toBe(mediaTypes.ociIndex);
  });

  test("zstd cannot have a Docker manifest", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: tar }));
    const options: CopyOptions = {
      compression: "zstd",
      manifestMIMEType: mediaTypes.dockerManifest,
    };
    const copy = copyImage(from, packing(), options);
    await expect(copy).rejects.toMatchObject({ code: "impossible-copy" });
  });

  test("zstd do not change if digests are preserved or nothing is compressed", async () => {
    const image = sampleImage({ layers: texts, layerType: tar });
    const from = await stored(image);
    const compression = "zstd";
    const kept = await copyImage(from, packing(), { compression, preserveDigests: true });
    expect(kept.digest).toBe(image.manifest.digest);
    const plain = await copyImage(from, memory().parseReference("plain"), { compression });
    expect(plain.digest).toBe(image.manifest.digest);
  });

  test("zstd are in the plan", async () => {
    const from = await stored(sampleImage({ layers: texts, layerType: `${tar}+gzip` }));
    const text = formatPlan(await previewCopy(from, packing(), { compression: "zstd" }));
    expect(text).toContain("9 B, to compress with zstd): layers are to be compressed with zstd");
  });
});
