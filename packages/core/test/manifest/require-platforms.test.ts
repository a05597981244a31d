import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import { copyImage } from "../../src/copy/copy-image.ts";
import { openImage } from "../../src/image/image.ts";
import { parsePlatform } from "../../src/manifest/platform.ts";
import { memory } from "../../src/memory/index.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { arm, linux, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");
const image = await stored(sampleImage({ platform: linux }));
const artifact = sampleImage({
  configType: "application/vnd.oci.empty.v1+json",
  extra: { artifactType: "application/vnd.example.thing" },
});
const nowhere = sampleImage({ platform: { os: "", architecture: "" } });
const index = sampleIndex([sampleImage({ platform: arm, layers: ["of arm"] })]);

async function stored(sample: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(sample, reference);
  return reference;
}

const uses = {
  "a copy of one platform": (platform = arm64, reference = image) =>
    copyImage(reference, memory().parseReference("to"), { platform, requirePlatform: true }),
  "a copy of several platforms": (platform = arm64, reference = image) =>
    copyImage(reference, memory().parseReference("to"), { instances: { platforms: [platform] } }),
  "an opened image": async (platform = arm64, reference = image) => {
    await using opened = await openImage(reference, { platform, requirePlatform: true });
    return opened.configInfo;
  },
  "a verification": (platform = arm64, reference = image) =>
    verifyImage(reference, { instances: { platforms: [platform] } }),
};

describe.each(Object.entries(uses))("%s", (_, use) => {
  test("rejects a single image for another platform", async () => {
    await expect(use(arm64)).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringMatching(/linux\/arm64: .+ linux\/amd64$/) as string,
    });
  });

  test("accepts one for that platform or a compatible one", async () => {
    await use(amd64);
    await use(parsePlatform("linux/amd64/v3"));
  });

  test("accepts images without a platform, and artifacts", async () => {
    await use(arm64, await stored(nowhere));
    await use(arm64, await stored(artifact));
  });

  test("selects from an index", async () => {
    await use(arm64, await stored(index));
  });
});

test("a platform applies to indexes only, unless it is required", async () => {
  await copyImage(image, memory().parseReference("to"), { platform: arm64 });
  await using opened = await openImage(image, { platform: arm64 });
  expect(opened.isMultiImage).toBe(false);
});

test("several platforms must all exist", async () => {
  const instances = { platforms: [amd64, arm64] };
  const copy = copyImage(image, memory().parseReference("to"), { instances });
  await expect(copy).rejects.toMatchObject({ code: "not-found" });
});
