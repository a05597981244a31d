import zlib from "node:zlib";

import { describe, expect, test } from "vitest";

import { compressionOf } from "../../src/compression/compression.ts";
import { readAll } from "../../src/content/byte-stream.ts";
import type { Descriptor } from "../../src/contract/blob-info.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import type { CopyOptions, PlanOptions } from "../../src/copy/copy-options.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { openImage } from "../../src/image/image.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { sampleImage, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf, kinds } from "./sample-facts.ts";

const tar = "application/vnd.oci.image.layer.v1.tar";
const dockerTar = "application/vnd.docker.image.rootfs.diff.tar";

const gzipImage = sampleImage({ layers: [zlib.gzipSync("content")], layerType: `${tar}+gzip` });

function facts(
  layerType: string,
  layers: "preserve" | "compress" | "decompress" = "compress",
): ReturnType<typeof copyFacts> {
  const manifestType = layerType.startsWith(dockerTar)
    ? mediaTypes.dockerManifest
    : mediaTypes.ociManifest;
  return copyFacts(factsOf(sampleImage({ layers: ["a"], layerType, manifestType })), { layers });
}

/** The plan of the layer: its transform, and `?` if its digest changes. */
function layerPlan(
  layerType: string,
  options: PlanOptions,
  layers?: "preserve" | "decompress",
): string {
  return kinds(planCopy(facts(layerType, layers), options)).split(", ")[0] ?? "";
}

describe("a layer", () => {
  test.each<[string, string, PlanOptions["compression"], string]>([
    ["uncompressed, by default", tar, undefined, "layer compress?"],
    ["gzip, by default", `${tar}+gzip`, undefined, "layer compress"],
    ["zstd, by default", `${tar}+zstd`, undefined, "layer compress"],
    ["uncompressed, with a level only", tar, { level: 9 }, "layer compress?"],
    ["gzip, with a level only", `${tar}+gzip`, { level: 9 }, "layer compress"],
    [
      "gzip, gzip requested with a level",
      `${tar}+gzip`,
      { format: "gzip", level: 9 },
      "layer gzip",
    ],
    ["zstd, gzip requested", `${tar}+zstd`, "gzip", "layer gzip?"],
    ["gzip, zstd requested", `${tar}+gzip`, { format: "zstd", level: 19 }, "layer zstd?"],
    ["uncompressed, zstd requested", tar, "zstd", "layer zstd?"],
    ["gzip, none requested", `${tar}+gzip`, "none", "layer decompress?"],
    ["uncompressed, none requested", tar, "none", "layer decompress"],
    ["encrypted, zstd requested", `${tar}+gzip+encrypted`, "zstd", "layer preserve"],
    ["of another type, zstd requested", "application/wasm", "zstd", "layer preserve"],
    ["gzip of Docker, none requested", `${dockerTar}.gzip`, "none", "layer decompress?"],
  ])("%s", (_, type, compression, expected) => {
    expect(layerPlan(type, { compression })).toBe(expected);
  });

  test.each<[string, "preserve" | "decompress", PlanOptions["compression"], string]>([
    ["preserves layers", "preserve", "zstd", "layer preserve"],
    ["preserves layers, forced", "preserve", { format: "zstd", force: true }, "layer zstd?"],
    ["decompresses layers", "decompress", "zstd", "layer decompress?"],
  ])("at a destination that %s", (_, layers, compression, expected) => {
    expect(layerPlan(`${tar}+gzip`, { compression }, layers)).toBe(expected);
  });

  test("keeps its settings in the plan, also as JSON", () => {
    const compression = { format: "zstd", level: 19, zstdFrames: "parallel" } as const;
    const plan = planCopy(facts(`${tar}+gzip`), { compression });
    expect(plan.steps[0]).toMatchObject({
      transform: { kind: "layer", compression: { kind: "recompress", ...compression } },
    });
    const [step] = plan.steps;
    const transform = step?.kind === "blob" ? step.transform : undefined;
    expect(JSON.parse(JSON.stringify(transform))).toEqual(transform);
    expect(formatPlan(plan)).toContain("to compress with zstd at level 19)");
  });
});

describe("a request is rejected if", () => {
  test.each<[string, PlanOptions, RegExp]>([
    ["it is forced without a format", { compression: { force: true } }, /needs a format/],
    ["the level is out of range", { compression: { format: "gzip", level: 10 } }, /from 1 to 9/],
    ["the default has no such level", { compression: { level: 19 } }, /from 1 to 9/],
    ["zstd has no such level", { compression: { format: "zstd", level: 21 } }, /from 1 to 20/],
    ["none has a level", { compression: { format: "none", level: 1 } }, /have no level/],
    ["the format is unknown", { compression: { format: "xz" } }, /use gzip, zstd or none/],
    [
      "zstd needs another manifest type than requested",
      { compression: "zstd", manifestMIMEType: mediaTypes.dockerManifest },
      /need application/,
    ],
    [
      "it is forced, and digests are preserved",
      { compression: { format: "zstd", force: true }, preserveDigests: true },
      /must be compressed with zstd.*, but digests are to be preserved/,
    ],
  ])("%s", (_, options, message) => {
    expect(() => planCopy(facts(`${tar}+gzip`), options)).toThrow(
      expect.objectContaining({ code: "impossible-copy", message: expect.stringMatching(message) }),
    );
  });

  test("it is forced, and the destination stores uncompressed layers", () => {
    const options: PlanOptions = { compression: { format: "zstd", force: true } };
    expect(() => planCopy(facts(`${tar}+gzip`, "decompress"), options)).toThrow(
      /stores uncompressed layers/,
    );
  });

  test("but not if it is forced, digests are preserved, and no layer changes", () => {
    const options: PlanOptions = {
      compression: { format: "zstd", force: true },
      preserveDigests: true,
    };
    expect(layerPlan(`${tar}+zstd`, options)).toBe("layer preserve");
  });
});

test("a Docker manifest that must not change keeps its type although zstd is requested", () => {
  const plan = planCopy(facts(`${dockerTar}.gzip`), { compression: "zstd", preserveDigests: true });
  expect(plan.digest).toBe(plan.top.digest);
});

test("a layer in another compression is not taken from the source or another image", () => {
  const gzip = facts(`${tar}+gzip`);
  const otherLocations = [{ transport: "docker", scope: "a", path: "b" }];
  const cachedBlobs = new Map(
    gzip.top.manifest.kind === "image"
      ? gzip.top.manifest.layers.map(({ digest }) => [
          digest,
          { compressed: [], isAtDestination: true, otherLocations },
        ])
      : [],
  );
  const [step] = planCopy({ ...gzip, cachedBlobs }, { compression: "zstd" }).steps;
  expect(step).toMatchObject({ candidates: [{ compression: undefined, onlyIfPresent: true }] });
  const candidates = step?.kind === "blob" ? step.candidates : [];
  expect(candidates[0]).not.toHaveProperty("location");
});

describe("a layer that the destination has in another compression", () => {
  async function copied(compression: CopyOptions["compression"]): Promise<string> {
    const from = memory().parseReference("from");
    await write(gzipImage, from);
    const to = compressing();
    await write(gzipImage, to);
    await copyImage(from, to, { compression });
    await using copy = await openImage(to);
    await using source = await to.newImageSource();
    const [layer] = copy.layerInfos;
    const bytes = layer && (await readAll(source.getBlob(layer), 1000));
    return `${layer?.mediaType?.slice(tar.length)} ${bytes && compressionOf(bytes)}`;
  }

  test("is reused", async () => {
    expect(await copied("zstd")).toBe("+gzip gzip");
  });

  test("is compressed again if the format is forced", async () => {
    expect(await copied({ format: "zstd", force: true })).toBe("+zstd zstd");
  });
});

test("a recompressed layer loses URLs and annotations that describe its bytes", async () => {
  const urls = ["https://example.com/layer"];
  const annotations = {
    "containerd.io/snapshot/stargz/toc.digest": "sha256:1",
    "io.containers.estargz.uncompressed-size": "10",
    "io.github.containers.zstd-chunked.manifest-position": "1:2:3:4",
    title: "kept",
  };
  const layers = layersIn(gzipImage).map((layer) => ({ ...layer, urls, annotations }));
  const content = [zlib.gzipSync("content")];
  const image = sampleImage({ layers: content, layerType: `${tar}+gzip`, extra: { layers } });
  const from = memory().parseReference("from");
  await write(image, from);
  const to = compressing();
  await copyImage(from, to, { compression: "zstd" });
  await using copy = await openImage(to);
  expect(copy.layerInfos).toMatchObject([{ mediaType: `${tar}+zstd` }]);
  expect(copy.layerInfos[0]?.urls).toBeUndefined();
  expect(copy.layerInfos[0]?.annotations).toEqual({ title: "kept" });
});

function layersIn({ manifest }: SampleImage): readonly Descriptor[] {
  return (parseManifest(manifest) as ImageManifest).layers;
}

/** A destination that stores compressed layers. */
function compressing(): ImageReference {
  const reference = memory().parseReference("copy");
  return Object.assign(Object.create(reference) as ImageReference, {
    newImageSource: async () => reference.newImageSource(),
    newImageDestination: async () => {
      const real = await reference.newImageDestination();
      return Object.assign(real, { accepts: { ...real.accepts, layers: "compress" } });
    },
  });
}
