import { copyImage, digestOf, mediaTypes } from "@drayage/core";
import type { CopyOptions, Digest } from "@drayage/core";
import { startRegistry } from "@drayage/registry";
import type { Registry } from "@drayage/registry";
import { inMemory, randomImage, randomIndex } from "@drayage/testkit";
import type { WholeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { docker } from "../src/index.ts";

const image = await randomImage("digested", { layers: 1 });
const platforms = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];
const index = await randomIndex("digested", { layers: 1, platforms });
const [amd64, arm64] = index.instances.map(({ digest }) => digest);
const system = { platform: { os: "linux", architecture: "amd64" } };
const all = { instances: "all" } as const;

/** Copies to a name with a digest. */
async function copyTo(
  registry: Registry,
  source: WholeImage,
  digest: Digest | undefined,
  options: CopyOptions,
): Promise<unknown> {
  const to = docker().parseReference(`//${registry.host}/a@${digest}`);
  return copyImage(await inMemory(source), to, options);
}

describe("a destination with a digest gets", () => {
  test.each<[string, WholeImage, Digest | undefined, CopyOptions]>([
    ["an image with this digest", image, image.manifest.digest, {}],
    ["an image with this sha512 digest", image, digestOf(image.manifest.bytes, "sha512"), {}],
    ["the selected image of an index", index, amd64, system],
    ["a whole index", index, index.manifest.digest, all],
    [
      "an index with other images missing",
      index,
      index.manifest.digest,
      { instances: { platforms: platforms.slice(0, 1) }, missingInstances: "keep" },
    ],
  ])("%s", async (_, source, digest, options) => {
    await using registry = await startRegistry({ checkReferences: false });
    expect(await copyTo(registry, source, digest, options)).toMatchObject({ changes: [] });
    expect(registry.findManifest("a", String(digest))?.digest).toBe(digest);
    expect(registry.tags("a")).toEqual([]);
  });
});

describe("a destination with a digest is refused without a write", () => {
  const docker2 = { manifestMIMEType: mediaTypes.dockerManifest };
  test.each<[string, WholeImage, Digest | undefined, CopyOptions, RegExp]>([
    ["for another image", image, arm64, {}, /the source has sha256:.*; correct the digest/],
    [
      "for a sha512 digest of another image",
      image,
      digestOf(index.manifest.bytes, "sha512"),
      {},
      /requires the digest sha512:.*; correct the digest/,
    ],
    ["for another image of the index", index, arm64, system, /requires the digest/],
    [
      "for one image instead of the index",
      index,
      index.manifest.digest,
      system,
      /; copy the whole index \(instances: "all", --all\)/,
    ],
    ["for the index instead of one image", index, amd64, all, /; copy only the image with this/],
    ["for a conversion", image, image.manifest.digest, docker2, /named by a digest/],
    [
      "for another compression",
      image,
      image.manifest.digest,
      { compression: { format: "zstd", force: true } },
      /named by a digest/,
    ],
    [
      "for an index without some of its images",
      index,
      index.manifest.digest,
      { instances: { platforms: platforms.slice(0, 1) } },
      /named by a digest.*keep the index as it is with instances missing/,
    ],
  ])("%s", async (_, source, digest, options, message) => {
    await using registry = await startRegistry();
    await expect(copyTo(registry, source, digest, options)).rejects.toMatchObject({
      code: "impossible-copy",
      message: expect.stringMatching(message),
    });
    expect(registry.requests.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method))).toEqual([]);
  });
});
