import { describe, expect, test } from "vitest";

import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { Notice } from "../../src/contract/notice.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { conversionLosses } from "../../src/manifest/conversion-losses.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { arm, rawManifest, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { schema1Sample } from "../schema1/sample-schema1.ts";

const { ociManifest, dockerManifest, dockerList } = mediaTypes;
const annotations = { "a key": "a value" };
const { digest, bytes } = sampleImage().manifest;
const subject = { mediaType: ociManifest, digest, size: bytes.byteLength };

/** The sample with additional annotations in one of its parts. */
function changed(image: SampleImage, part: "config" | "layers" | "manifests"): SampleImage {
  const content = JSON.parse(Buffer.from(image.manifest.bytes).toString()) as {
    readonly mediaType: string;
    readonly config?: object;
    readonly [list: string]: unknown;
  };
  const value = content[part];
  const other = Array.isArray(value)
    ? value.map((entry: object) => ({ ...entry, annotations }))
    : { ...(value as object), annotations };
  return { ...image, manifest: rawManifest({ ...content, [part]: other }) };
}

async function stored(image: SampleImage): Promise<ImageReference> {
  const reference = memory().parseReference("sample");
  await write(image, reference);
  return reference;
}

async function noticesOf(image: SampleImage, manifestMIMEType: string): Promise<readonly string[]> {
  const notices: Notice[] = [];
  const onNotice = (notice: Notice): void => void notices.push(notice);
  const to = memory().parseReference("copy");
  await copyImage(await stored(image), to, { manifestMIMEType, onNotice, instances: "all" });
  return notices.flatMap((notice) => (notice.kind === "loss" ? [notice.text] : []));
}

describe("a conversion to Docker's format loses", () => {
  test.each([
    ["its annotations", sampleImage({ extra: { annotations } })],
    ["the annotations of its config", changed(sampleImage(), "config")],
    ["the annotations of its layers", changed(sampleImage(), "layers")],
    ["its artifactType", sampleImage({ extra: { artifactType: "a/b" } })],
    ["its subject", sampleImage({ extra: { subject } })],
    ["the annotations of its instances", changed(sampleIndex([sampleImage()]), "manifests")],
  ])("%s", async (loss, image) => {
    const target = image.instances.length > 0 ? dockerList : dockerManifest;
    expect(conversionLosses(parseManifest(image.manifest), target)).toEqual([loss]);
    const [text, ...others] = await noticesOf(image, dockerManifest);
    expect(others).toEqual([]);
    expect(text).toContain(`The manifest ${image.manifest.digest} loses ${loss}`);
    const options = { manifestMIMEType: dockerManifest, instances: "all" } as const;
    const plan = await previewCopy(await stored(image), memory().parseReference("x"), options);
    expect(formatPlan(plan)).toContain(`losing ${loss}`);
  });

  test("nothing if there is nothing to lose", async () => {
    expect(await noticesOf(sampleIndex([sampleImage()]), dockerManifest)).toEqual([]);
  });
});

test("a manifest that keeps its type loses nothing", async () => {
  const image = sampleImage({ extra: { annotations } });
  expect(conversionLosses(parseManifest(image.manifest), ociManifest)).toEqual([]);
  expect(await noticesOf(image, ociManifest)).toEqual([]);
});

test("settings that an OCI config has no field for are reported", async () => {
  const image = sampleImage({
    manifestType: dockerManifest,
    platform: { ...arm, config: { Shell: ["sh"], User: "x" } } as typeof arm,
  });
  const [text] = await noticesOf(image, ociManifest);
  expect(text).toMatch(/^The config sha256:[0-9a-f]+ loses Shell:/);
});

test("settings in the history of schema 1 that an OCI config has no field for are reported", async () => {
  const settings = { Shell: ["sh"], Healthcheck: { Test: ["NONE"] } };
  const [text, ...others] = await noticesOf(schema1Sample({ settings }), ociManifest);
  expect(text).toMatch(
    /^The config in the schema 1 manifest loses (Shell, Healthcheck|Healthcheck, Shell):/,
  );
  expect(others).toEqual([]);
  expect(await noticesOf(schema1Sample({ settings }), dockerManifest)).toEqual([]);
  expect(await noticesOf(schema1Sample(), ociManifest)).toEqual([]);
});
