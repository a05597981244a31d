import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import type { BlobInfoCache } from "../../src/contract/blob-info-cache.ts";
import { cachedDiffID } from "../../src/copy/cached-diff-id.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import type { CopyOptions } from "../../src/copy/copy-options.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { algorithmOf, digestOf } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const docker = { manifestType: mediaTypes.dockerManifest };
const toOCI: CopyOptions = {
  manifestMIMEType: mediaTypes.ociManifest,
  digestAlgorithm: "sha512",
  instances: "all",
};

async function copied(image: SampleImage, options: CopyOptions) {
  const [from, to] = [memory().parseReference("from"), memory().parseReference("to")];
  await write(image, from);
  const plan = await previewCopy(from, to, options);
  return { plan, ...(await copyImage(from, to, options)) };
}

test("a converted manifest and config get sha512 digests, and the kept layers keep theirs", async () => {
  const { digest, manifest } = await copied(sampleImage(docker), toOCI);
  expect(digest).toBe(digestOf(manifest.bytes, "sha512"));
  const { config, layers } = parseManifest(manifest) as ImageManifest;
  expect([config, ...layers].map((blob) => algorithmOf(blob.digest))).toEqual([
    "sha512",
    "sha256",
    "sha256",
  ]);
});

test("an index names its changed instances by sha512", async () => {
  const images = [sampleImage(docker), sampleImage({ ...docker, platform: arm })];
  const result = await copied(sampleIndex(images, mediaTypes.dockerList), toOCI);
  const index = parseManifest(result.manifest);
  if (index.kind !== "index") throw new TypeError("no index");
  expect([result, ...index.manifests].map(({ digest }) => algorithmOf(digest))).toEqual([
    "sha512",
    "sha512",
    "sha512",
  ]);
});

test("the plan has the digest of the result", async () => {
  const layers = [gzipSync("a layer")];
  const image = sampleImage({ layers });
  const options = { ...toOCI, manifestMIMEType: mediaTypes.dockerManifest };
  const { plan, digest } = await copied(image, options);
  expect(plan.digest).toBe(digest);
  expect(algorithmOf(digest)).toBe("sha512");
});

test("unchanged content keeps its digest", async () => {
  const image = sampleImage();
  const { digest, changes } = await copied(image, { digestAlgorithm: "sha512" });
  expect([digest, changes]).toEqual([image.manifest.digest, []]);
});

test("what is made of sha512 content gets sha512 digests without the option", async () => {
  const bytes = Buffer.from("{}");
  const config = {
    mediaType: mediaTypes.dockerConfig,
    digest: digestOf(bytes, "sha512"),
    size: bytes.byteLength,
  };
  const image = sampleImage({ ...docker, layers: [], extra: { config } });
  const withConfig = { ...image, blobs: new Map([[config.digest, bytes]]) };
  const { manifest } = await copied(withConfig, { manifestMIMEType: mediaTypes.ociManifest });
  const converted = parseManifest(manifest) as ImageManifest;
  expect(algorithmOf(converted.config.digest)).toBe("sha512");
});

test.each([
  ["sha256", true],
  ["sha512", false],
] as const)("a cached DiffID with %s is used: %s", async (algorithm, isUsed) => {
  const [layer, digest] = [digestOf(Buffer.from("gz")), digestOf(Buffer.from("tar"), algorithm)];
  const uncompressed = { digest, compression: "gzip" } as const;
  const cache: BlobInfoCache = {
    lookUp: async () => new Map([[layer, { compressed: [], uncompressed, paths: [] }]]),
    record: async () => {},
  };
  expect(await cachedDiffID(layer, { cache })).toEqual(isUsed ? uncompressed : undefined);
});

test("a store that generates manifests is refused before a byte is sent", () => {
  const facts = copyFacts(factsOf(sampleImage()), { preservesManifests: false });
  expect(() => planCopy(facts, { digestAlgorithm: "sha512" })).toThrow(
    expect.objectContaining({
      code: "impossible-copy",
      message: expect.stringContaining("--digest-algorithm") as string,
    }),
  );
});
