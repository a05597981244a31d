import zlib from "node:zlib";

import { expect, test } from "vitest";

import type { LayerCompressor } from "../../src/compression/layer-compressor.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import type { BlobFact, BlobInfoCache } from "../../src/contract/blob-info-cache.ts";
import type { Descriptor } from "../../src/contract/blob-info.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import { executeCopy } from "../../src/copy/execute-copy.ts";
import { inspectCopy } from "../../src/copy/inspect-copy.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { openImage } from "../../src/image/image.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { arm, linux, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { sampleDecrypter, sampleEncrypter } from "./sample-encryption.ts";

const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
const texts = ["one layer", "another layer"];
const layers = texts.map((text) => zlib.gzipSync(text));

test("encrypting and decrypting gives the same image", async () => {
  const image = sampleImage({ layers, extra: { annotations: { title: "kept" } } });
  const original = await stored(image);
  const encrypted = await copied(original, { encryption: { encrypter: sampleEncrypter() } });
  expect((await layersOf(encrypted)).map(({ mediaType }) => mediaType)).toEqual([
    `${gzip}+encrypted`,
    `${gzip}+encrypted`,
  ]);
  const result = await copied(encrypted, { decryption: sampleDecrypter });
  await using source = await result.newImageSource();
  const { bytes } = await source.getManifest();
  expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(
    JSON.parse(Buffer.from(image.manifest.bytes).toString()),
  );
  for (const layer of await layersOf(result)) await readAll(source.getBlob(layer), 1 << 20);
});

test("a destination that has the plain image gets the encrypted one under the same name", async () => {
  const original = await stored(sampleImage({ layers }));
  const target = memory().parseReference("target");
  await copyImage(original, target);
  const options = { encryption: { encrypter: sampleEncrypter() } };
  const { alreadyThere, changes } = await copyImage(original, target, options);
  expect([alreadyThere, changes.length]).toEqual([false, 1]);
  expect((await layersOf(target)).every(({ mediaType }) => mediaType.endsWith("+encrypted"))).toBe(
    true,
  );
});

test("without the option, encrypted layers are copied as they are, byte for byte", async () => {
  const encrypted = await copied(await stored(sampleImage({ layers })), {
    encryption: { encrypter: sampleEncrypter(), layers: [0] },
  });
  const target = memory().parseReference("again");
  const result = await copyImage(encrypted, target);
  expect(result.changes).toEqual([]);
});

test("a layer is decrypted, recompressed and described as that", async () => {
  const encrypted = await copied(await stored(sampleImage({ layers })), {
    encryption: { encrypter: sampleEncrypter() },
  });
  const target = compressing(memory().parseReference("zstd"));
  await copyImage(encrypted, target, { decryption: sampleDecrypter, compression: "zstd" });
  await using source = await target.newImageSource();
  const written = await layersOf(target);
  expect(written.map(({ mediaType }) => mediaType)).toEqual([zstd, zstd]);
  const contents = written.map(async (layer) =>
    zlib.zstdDecompressSync(await readAll(source.getBlob(layer), 1 << 20)).toString(),
  );
  expect(await Promise.all(contents)).toEqual(texts);
});

test("a layer is compressed, then encrypted", async () => {
  const plain = await stored(
    sampleImage({ layers: texts, layerType: "application/vnd.oci.image.layer.v1.tar" }),
  );
  const target = compressing(memory().parseReference("copy"));
  await copyImage(plain, target, { encryption: { encrypter: sampleEncrypter() } });
  expect((await layersOf(target)).map(({ mediaType }) => mediaType)).toEqual([
    `${gzip}+encrypted`,
    `${gzip}+encrypted`,
  ]);
  const decrypted = await copied(target, { decryption: sampleDecrypter });
  await using source = await decrypted.newImageSource();
  const [first] = await layersOf(decrypted);
  if (first === undefined) throw new Error("no layer");
  const bytes = await readAll(source.getBlob(first), 1 << 20);
  expect(zlib.gunzipSync(bytes).toString()).toBe(texts[0]);
});

test("a compressor with a table of contents is replaced by its base format, with a notice", async () => {
  const plain = await stored(sampleImage({ layers }));
  const target = compressing(memory().parseReference("copy"));
  const compressor: LayerCompressor = {
    name: "indexed",
    baseFormat: "zstd",
    annotation: "example.index",
    compress: () => {
      throw new Error("not used");
    },
  };
  const notices: string[] = [];
  await copyImage(plain, target, {
    compression: { format: "indexed" },
    compressors: [compressor],
    encryption: { encrypter: sampleEncrypter() },
    onNotice: (notice) => notice.kind === "caution" && notices.push(notice.text),
  });
  expect((await layersOf(target)).map(({ mediaType }) => mediaType)).toEqual([
    `${zstd}+encrypted`,
    `${zstd}+encrypted`,
  ]);
  expect(notices).toEqual([expect.stringContaining("zstd instead of indexed")]);
});

test("a Docker image becomes an OCI image with encrypted layers and their annotations", async () => {
  const docker = await stored(sampleImage({ layers, manifestType: mediaTypes.dockerManifest }));
  const encrypted = await copied(docker, {
    encryption: { encrypter: sampleEncrypter(), layers: [-1] },
  });
  const [first, last] = await layersOf(encrypted);
  expect(first).toMatchObject({ mediaType: gzip });
  expect(last).toMatchObject({
    mediaType: `${gzip}+encrypted`,
    annotations: { "org.opencontainers.image.enc.keys.sample": "1" },
  });
});

test("one image encrypts a layer that another one of the same index does not", async () => {
  const [shared = Buffer.alloc(0), other = Buffer.alloc(0)] = layers;
  const index = sampleIndex([
    sampleImage({ layers: [shared, other] }),
    sampleImage({ layers: [other, shared], platform: arm }),
  ]);
  const encrypted = await copied(await stored(index), {
    instances: "all",
    encryption: { encrypter: sampleEncrypter(), layers: [0] },
  });
  for (const platform of [linux, arm]) {
    const types = (await layersOf(encrypted, platform)).map(({ mediaType }) => mediaType);
    expect(types).toEqual([`${gzip}+encrypted`, gzip]);
  }
});

test("a layer that fails at its end is never visible", async () => {
  const image = sampleImage({ layers });
  const encrypted = await copied(await stored(image), {
    encryption: { encrypter: sampleEncrypter() },
  });
  const [first, second] = await layersOf(encrypted);
  await using source = await encrypted.newImageSource();
  const raw = await source.getManifest();
  const manifest = JSON.parse(Buffer.from(raw.bytes).toString()) as { layers: Descriptor[] };
  const swapped = [
    { ...first, annotations: second?.annotations },
    { ...second, annotations: first?.annotations },
  ];
  const hostile = memory().parseReference("hostile");
  const blobs = new Map(image.blobs);
  for (const layer of manifest.layers)
    blobs.set(layer.digest, await readAll(source.getBlob(layer), 1 << 20));
  const bytes = Buffer.from(JSON.stringify({ ...manifest, layers: swapped }));
  await write({ ...image, blobs, manifest: { ...image.manifest, bytes } }, hostile);
  const target = memory().parseReference("target");
  await expect(copyImage(hostile, target, { decryption: sampleDecrypter })).rejects.toMatchObject({
    code: "digest-mismatch",
  });
  await expect(openImage(target)).rejects.toMatchObject({ code: "not-found" });
});

test("the cache learns nothing of layers that are encrypted or decrypted", async () => {
  const facts: BlobFact[] = [];
  const cache: BlobInfoCache = {
    lookUp: async () => new Map(),
    record: async (more) => void facts.push(...more),
  };
  const scope = { transport: "memory", scope: "all", path: "x" };
  const located = (reference: ImageReference): ImageReference =>
    Object.assign(Object.create(reference) as ImageReference, {
      newImageSource: async () =>
        Object.assign(await reference.newImageSource(), { locateBlob: () => scope }),
      newImageDestination: async () =>
        Object.assign((await reference.newImageDestination?.()) ?? {}, { locateBlob: () => scope }),
    });
  const plain = located(await stored(sampleImage({ layers })));
  const target = located(memory().parseReference("encrypted"));
  const encryption = { encrypter: sampleEncrypter(), layers: [0] };
  await copyImage(plain, target, { cache, encryption });
  const [encrypted, kept] = await layersOf(target);
  const digests = new Set(facts.map(({ digest }) => digest));
  expect(digests.has(encrypted?.digest ?? ("" as never))).toBe(false);
  const [original] = await layersOf(plain);
  expect(digests.has(original?.digest ?? ("" as never))).toBe(false);
  expect(digests.has(kept?.digest ?? ("" as never))).toBe(true);
});

test.each([
  ["encryption", { encryption: { encrypter: sampleEncrypter() } }, gzip],
  ["decryption", { decryption: sampleDecrypter }, `${gzip}+encrypted`],
])("a plan with %s is not executed without it", async (name, options, layerType) => {
  const from = await stored(sampleImage({ layers, layerType }));
  await using source = await from.newImageSource();
  await using destination = await memory().parseReference("copy").newImageDestination();
  const plan = planCopy(await inspectCopy(source, destination, options), options);
  await expect(executeCopy(plan, source, destination)).rejects.toMatchObject({
    code: "impossible-copy",
    message: expect.stringContaining(`option ${name}`),
  });
});

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

async function copied(
  from: ImageReference,
  options: Parameters<typeof copyImage>[2],
): Promise<ImageReference> {
  const to = memory().parseReference("copied");
  await copyImage(from, to, options);
  return to;
}

/** A destination that stores compressed layers. */
function compressing(reference: ReturnType<ReturnType<typeof memory>["parseReference"]>) {
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => reference.newImageSource(),
    newImageDestination: async () => {
      const real = await reference.newImageDestination();
      return Object.assign(real, { accepts: { ...real.accepts, layers: "compress" } });
    },
  });
}

async function layersOf(
  reference: ImageReference,
  platform = linux,
): Promise<readonly Descriptor[]> {
  await using image = await openImage(reference, { platform });
  return image.layerInfos as readonly Descriptor[];
}
