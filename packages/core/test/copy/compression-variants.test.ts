import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import { compressionOf } from "../../src/compression/compression.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions, PlanOptions } from "../../src/copy/copy-options.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex, ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { arm, linux, rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const tar = "application/vnd.oci.image.layer.v1.tar";
const zstdMark = { "io.github.containers.compression.zstd": "true" };
const zstd: CopyOptions = {
  instances: "all",
  ensureCompressionVariantsExist: [{ format: "zstd" }],
};

const gzip = (platform = linux, text = "layer"): SampleImage =>
  sampleImage({ platform, layers: [zlib.gzipSync(text)] });
const zstdImage = (platform = linux): SampleImage =>
  sampleImage({ platform, layers: [zlib.zstdCompressSync("layer")], layerType: `${tar}+zstd` });

/** An index with more fields in its entries. */
function indexWith(
  instances: readonly SampleImage[],
  fields: readonly Readonly<Record<string, unknown>>[],
): SampleImage {
  const index = sampleIndex(instances);
  const content = JSON.parse(Buffer.from(index.manifest.bytes).toString()) as {
    mediaType: string;
    manifests: Readonly<Record<string, unknown>>[];
  };
  const manifests = content.manifests.map((entry, at) => ({ ...entry, ...fields[at] }));
  return { ...index, manifest: rawManifest({ ...content, manifests }) };
}

async function copied(
  image: SampleImage,
  options = zstd,
): Promise<{ readonly to: ImageReference; readonly index: ImageIndex; readonly text: string }> {
  const from = memory().parseReference("from");
  await write(image, from);
  const to = memory().parseReference("to");
  const { manifest } = await copyImage(from, to, options);
  const index = parseManifest(manifest) as ImageIndex;
  return { to, index, text: Buffer.from(manifest.bytes).toString() };
}

describe("an index gets zstd instances", () => {
  test("for each platform that has none, marked and after the others, which do not change", async () => {
    const [amd64, arm64] = [gzip(linux, "amd64"), gzip(arm, "arm64")];
    const { to, index } = await copied(sampleIndex([amd64, arm64]));
    const added = { digest: expect.any(String), mediaType: mediaTypes.ociManifest };
    expect(index.manifests).toMatchObject([
      { digest: amd64.manifest.digest, platform: linux },
      { digest: arm64.manifest.digest, platform: arm },
      { ...added, platform: linux, annotations: zstdMark },
      { ...added, platform: arm, annotations: zstdMark },
    ]);
    expect(index.manifests[0]?.annotations).toBeUndefined();
    await using source = await to.newImageSource();
    for (const [at, text] of ["amd64", "arm64", "amd64", "arm64"].entries()) {
      const entry = index.manifests[at];
      const raw = await source.getManifest(entry?.digest);
      const manifest = parseManifest(raw) as ImageManifest;
      const [layer] = manifest.layers;
      const bytes = layer && (await readAll(source.getBlob(layer), 1000));
      const format = at < 2 ? "gzip" : "zstd";
      expect([layer?.mediaType, bytes && compressionOf(bytes)]).toEqual([
        `${tar}+${format}`,
        format,
      ]);
      const plain =
        format === "gzip" ? zlib.gunzipSync(bytes ?? "") : zlib.zstdDecompressSync(bytes ?? "");
      expect(plain.toString()).toBe(text);
      expect((await readAll(source.getBlob(manifest.config), 1000)).byteLength).toBe(
        manifest.config.size,
      );
    }
  });

  test("with the whole platform and the annotations of the instance that they are made of", async () => {
    const windows = { os: "windows", architecture: "amd64", "os.version": "10.0.1" };
    const others = { ...windows, "os.version": "10.0.2" };
    const fields = [
      { platform: windows, annotations: { a: "1" } },
      { platform: others, annotations: { a: "2" } },
    ];
    const image = indexWith([gzip(linux, "one"), gzip(linux, "two")], fields);
    const { text } = await copied(image);
    const { manifests } = JSON.parse(text) as { manifests: readonly unknown[] };
    expect(manifests.slice(2)).toMatchObject([
      { platform: windows, annotations: { a: "1", ...zstdMark } },
      { platform: others, annotations: { a: "2", ...zstdMark } },
    ]);
  });

  test("once, if several instances are for one platform", async () => {
    const { index } = await copied(sampleIndex([gzip(linux, "one"), gzip(linux, "two")]));
    expect(index.manifests).toHaveLength(3);
  });

  test("not for a platform that has one, marked or not", async () => {
    const image = sampleIndex([zstdImage(), gzip(linux, "one"), gzip(arm, "two")]);
    const { index } = await copied(image);
    expect(index.manifests.map(({ platform }) => platform?.architecture)).toEqual([
      "amd64",
      "arm64",
      "amd64",
      "arm64",
    ]);
    expect(index.manifests.map(({ annotations }) => annotations)).toEqual([
      undefined,
      undefined,
      zstdMark,
      zstdMark,
    ]);
  });

  test("not for attestations and artifacts", async () => {
    const unknown = { os: "unknown", architecture: "unknown" };
    const attestation = sampleImage({
      platform: unknown,
      layers: ["{}"],
      layerType: "application/vnd.in-toto+json",
    });
    const { index } = await copied(sampleIndex([gzip(), attestation]));
    expect(index.manifests).toHaveLength(3);
  });

  test("and keeps its digest if it has them", async () => {
    const image = sampleIndex([gzip(), zstdImage()]);
    const { text } = await copied(image);
    expect(text).toBe(Buffer.from(image.manifest.bytes).toString());
  });

  test("and becomes an OCI index if it is a Docker list", async () => {
    const docker = sampleImage({
      layers: [zlib.gzipSync("x")],
      manifestType: mediaTypes.dockerManifest,
    });
    const { index } = await copied(sampleIndex([docker], mediaTypes.dockerList));
    expect(index.mediaType).toBe(mediaTypes.ociIndex);
    expect(index.manifests).toMatchObject([
      { mediaType: mediaTypes.dockerManifest, digest: docker.manifest.digest },
      { mediaType: mediaTypes.ociManifest, annotations: zstdMark },
    ]);
  });
});

test("an index of zstd instances gets gzip instances before them", async () => {
  const options: CopyOptions = {
    instances: "all",
    ensureCompressionVariantsExist: [{ format: "gzip", level: 9 }],
  };
  const { index } = await copied(sampleIndex([zstdImage()]), options);
  expect(index.manifests.map(({ annotations }) => annotations)).toEqual([undefined, zstdMark]);
});

test("layers that instances share are compressed once", () => {
  const shared = zlib.gzipSync("shared");
  const images = [linux, arm].map((platform) => sampleImage({ platform, layers: [shared] }));
  const { steps } = planCopy(copyFacts(factsOf(sampleIndex(images))), zstd);
  const layers = steps.filter((step) => step.kind === "blob" && !step.isConfig);
  expect(layers.map((step) => step.kind === "blob" && step.variant)).toEqual([undefined, "zstd"]);
  const kinds = steps.map((step) => (step.kind === "manifest" ? step.isInstance : step.kind));
  expect(kinds.slice(-6)).toEqual([true, true, true, true, false, "commit"]);
});

test("the plan names the variants", () => {
  const text = formatPlan(planCopy(copyFacts(factsOf(sampleIndex([gzip()]))), zstd));
  expect(text).toContain("for linux/amd64 with zstd layers");
  expect(text).toContain("the index has no zstd instance for linux/amd64");
  expect(text).toContain("compression variants are added");
});

describe("variants are rejected", () => {
  const index = sampleIndex([gzip()]);
  test.each<[string, SampleImage, PlanOptions, RegExp]>([
    ["of a single image", gzip(), {}, /single image/],
    ["if digests are preserved", index, { preserveDigests: true }, /digests are to be preserved/],
    [
      "in a Docker list",
      index,
      { manifestMIMEType: mediaTypes.dockerManifest },
      /need an OCI index/,
    ],
    [
      "at a level that does not exist",
      index,
      { ensureCompressionVariantsExist: [{ format: "zstd", level: 21 }] },
      /from 1 to 20/,
    ],
    [
      "in an unknown format",
      index,
      { ensureCompressionVariantsExist: [{ format: "bzip2" }] },
      /use gzip, zstd/,
    ],
  ])("%s", (_, image, options, message) => {
    const plan = (): unknown => planCopy(copyFacts(factsOf(image)), { ...zstd, ...options });
    expect(plan).toThrow(
      expect.objectContaining({ code: "impossible-copy", message: expect.stringMatching(message) }),
    );
  });

  test("with a list of platforms, before anything is read", async () => {
    const from = memory().parseReference("nothing");
    const options: CopyOptions = { ...zstd, instances: { platforms: [linux] } };
    const copy = copyImage(from, memory().parseReference("to"), options);
    await expect(copy).rejects.toMatchObject({
      code: "impossible-copy",
      message: expect.stringMatching(/whole index/),
    });
  });
});
