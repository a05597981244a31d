import { describe, expect, test } from "vitest";

import { maxManifestSize } from "../../src/content/byte-stream.ts";
import {
  blobsOf,
  instancesOf,
  isGenericConfigType,
  isInstance,
  parseManifest,
} from "../../src/manifest/manifest.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { rawManifest, sampleImage } from "../sample-images.ts";

const { ociManifest, ociIndex, ociArtifact, dockerSchema1, dockerSchema1Signed } = mediaTypes;
const digest = `sha256:${"a".repeat(64)}`;
const blob = { mediaType: "a/b", digest, size: 1 };
const image = { schemaVersion: 2, mediaType: ociManifest, config: blob, layers: [blob] };
const parse = (content: { mediaType: string }): Manifest => parseManifest(rawManifest(content));
const indexOf = (...manifests: readonly object[]): Manifest =>
  parse({ schemaVersion: 2, mediaType: ociIndex, manifests } as { mediaType: string });

describe("the parts of a manifest", () => {
  test("are the config and the layers of an image, in this order", () => {
    const layer = { ...blob, size: 2 };
    const parsed = parse({ ...image, layers: [layer, layer] } as typeof image);
    expect(blobsOf(parsed)).toEqual([blob, layer, layer]);
    expect(instancesOf(parsed)).toEqual([]);
  });

  test("are the blobs of an artifact", () => {
    const parsed = parse({ mediaType: ociArtifact, blobs: [blob] } as { mediaType: string });
    expect(blobsOf(parsed)).toEqual([blob]);
    expect(instancesOf(parsed)).toEqual([]);
  });

  test("are the instances and the blobs of an index", () => {
    const platform = { os: "linux", architecture: "amd64" };
    const instances = [
      { ...blob, mediaType: ociManifest },
      { ...blob, mediaType: ociIndex },
      { ...blob, mediaType: "a/unknown", platform },
      { ...blob, mediaType: dockerSchema1 },
      { ...blob, mediaType: dockerSchema1Signed },
    ];
    const parsed = indexOf(blob, ...instances);
    expect(blobsOf(parsed)).toEqual([blob]);
    expect(instancesOf(parsed)).toEqual(instances);
    expect([blob, ...instances].map(isInstance)).toEqual([false, true, true, true, true, true]);
  });
});

describe("a parsed manifest", () => {
  test("has only the fields that its descriptors have", () => {
    const full = {
      ...blob,
      urls: ["https://x"],
      annotations: { a: "b" },
      artifactType: "an/artifact",
    };
    const layers = [blob, full, { ...blob, urls: [], annotations: null, artifactType: "" }];
    const parsed = parse({ ...image, layers, subject: null } as never);
    expect(parsed).toStrictEqual({
      kind: "image",
      mediaType: ociManifest,
      artifactType: "a/b",
      subject: undefined,
      annotations: {},
      config: blob,
      layers: [blob, full, blob],
    });
  });

  test("has only the fields that its platforms have", () => {
    const manifest = { ...blob, mediaType: ociManifest };
    const platform = { os: "linux", architecture: "arm" };
    const parsed = indexOf(
      manifest,
      { ...manifest, platform: null },
      { ...manifest, platform },
      { ...manifest, platform: { ...platform, variant: "v7", "os.version": "1" } },
      { ...manifest, platform: { ...platform, "os.version": "", "os.features": ["a", "b"] } },
      { ...manifest, platform: { ...platform, "os.features": [] } },
    );
    expect(parsed).toMatchObject({ kind: "index" });
    expect(instancesOf(parsed)).toStrictEqual([
      manifest,
      manifest,
      { ...manifest, platform },
      { ...manifest, platform: { ...platform, variant: "v7", osVersion: "1" } },
      { ...manifest, platform: { ...platform, osFeatures: ["a", "b"] } },
      { ...manifest, platform },
    ]);
  });

  test("of a container image has no artifact type", () => {
    expect(parseManifest(sampleImage().manifest).artifactType).toBeUndefined();
  });

  test("may have the maximum size", () => {
    const { bytes } = sampleImage().manifest;
    const padded = Buffer.concat([bytes, Buffer.alloc(maxManifestSize - bytes.byteLength, " ")]);
    expect(parseManifest({ bytes: padded }).kind).toBe("image");
    expect(() => parseManifest({ bytes: Buffer.concat([padded, Buffer.from(" ")]) })).toThrow(
      `it has ${maxManifestSize + 1} bytes`,
    );
  });

  test.each([ociManifest, ociIndex])("of type %s has version 2", (mediaType) => {
    const fields = mediaType === ociIndex ? { manifests: [] } : { config: blob, layers: [] };
    for (const schemaVersion of [undefined, 1, 3, "2"]) {
      expect(() => parse({ schemaVersion, mediaType, ...fields } as never)).toThrow(
        "schemaVersion",
      );
    }
  });

  test.each([
    ["100 characters", "x".repeat(98), `"${"x".repeat(98)}"`],
    ["200 characters", "x".repeat(198), `"${"x".repeat(198)}"`],
    ["201 characters", "x".repeat(199), `"${"x".repeat(199)}…`],
  ])("is rejected with an invalid digest, shown if it has %s", (_, text, shown) => {
    const attempt = (): unknown =>
      parse({ ...image, config: { ...blob, digest: text } } as typeof image);
    expect(attempt).toThrow(new RegExp(`invalid digest: ${shown}; rebuild the image$`));
  });

  test("is rejected if one of its annotations is not a string, and if they are text", () => {
    for (const annotations of [{ a: "b", c: 1 }, "text"]) {
      expect(() => parse({ ...image, annotations } as never)).toThrow(
        expect.objectContaining({ code: "invalid-manifest" }) as Error,
      );
    }
  });
});

test("a generic config type needs the content of the config", () => {
  expect(["", "text/plain", "a/b", mediaTypes.ociConfig].map(isGenericConfigType)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
