import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { maxManifestSize } from "../../src/content/byte-stream.ts";
import { isArtifact, parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";

const { ociManifest, ociIndex, ociArtifact, dockerManifest, dockerList } = mediaTypes;
const { dockerSchema1, dockerSchema1Signed } = mediaTypes;
const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image",
);

const parse = (text: string, mediaType?: string): unknown =>
  parseManifest({ bytes: Buffer.from(text), mediaType });

const descriptor = { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 };
const image = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
const index = { schemaVersion: 2, manifests: [descriptor] };

describe("the type of a manifest", () => {
  test.each([
    ["in its own field", { ...image, mediaType: dockerManifest }, undefined, dockerManifest],
    ["reported by its storage, if the field is missing", image, dockerManifest, dockerManifest],
    [
      "reported by its storage with parameters",
      image,
      `${dockerManifest}; charset=utf-8`,
      dockerManifest,
    ],
    [
      "guessed from its config",
      { ...image, config: { ...descriptor, mediaType: mediaTypes.dockerConfig } },
      undefined,
      dockerManifest,
    ],
    ["guessed from its fields", image, undefined, ociManifest],
    ["guessed if the storage reports a generic type", image, "application/json", ociManifest],
    ["guessed from its entries", index, "text/plain", ociIndex],
    [
      "in its own field if the storage reports a generic type",
      { ...index, mediaType: dockerList },
      "application/octet-stream",
      dockerList,
    ],
  ])("is %s", (_, content, stored, expected) => {
    expect(parse(JSON.stringify(content), stored)).toMatchObject({ mediaType: expected });
  });

  test("is rejected if content and storage contradict each other", () => {
    const text = JSON.stringify({ ...image, mediaType: ociManifest });
    expect(() => parse(text, dockerManifest)).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });

  test.skipIf(!existsSync(fixtures)).each([
    ["ociv1.manifest.json", ociManifest],
    ["ociv1nomime.manifest.json", ociManifest],
    ["ociv1.image.index.json", ociIndex],
    ["v2s2.manifest.json", dockerManifest],
    ["v2list.manifest.json", dockerList],
    ["v2s1.manifest.json", dockerSchema1Signed],
    ["v2s1-unsigned.manifest.json", dockerSchema1],
    ["unknown-version.manifest.json", "invalid-manifest"],
    ["ociv1.artifact.json (its config has no digest)", "invalid-manifest"],
  ])("of the real %s is %s", (name, expected) => {
    const [file = ""] = name.split(" ");
    const bytes = readFileSync(path.join(fixtures, "internal/manifest/testdata", file));
    const found = ((): string => {
      try {
        return parseManifest({ bytes }).mediaType;
      } catch (error) {
        return (error as { code: string }).code;
      }
    })();
    expect(found).toBe(expected);
  });
});

describe("a manifest", () => {
  test("of an image has a config and layers, which may be repeated", () => {
    const { manifest } = sampleImage({ layers: ["a", "b", "a"] });
    const parsed = parseManifest(manifest);
    expect(parsed.kind === "image" && parsed.layers.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(parsed.kind === "image" && isArtifact(parsed)).toBe(false);
  });

  test("of an index has instances with their platforms", () => {
    const arm = sampleImage({ platform: { os: "linux", architecture: "arm", variant: "v7" } });
    const parsed = parseManifest(sampleIndex([sampleImage(), arm]).manifest);
    expect(parsed.kind === "index" && parsed.manifests.map(({ platform }) => platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm", variant: "v7" },
    ]);
  });

  test("of an artifact has its own type or that of its config", () => {
    const byConfig = parseManifest(sampleImage({ configType: "a/config" }).manifest);
    expect(byConfig.artifactType).toBe("a/config");
    const own = sampleImage({ configType: "a/config", extra: { artifactType: "an/sbom" } });
    expect(parseManifest(own.manifest).artifactType).toBe("an/sbom");
  });

  test("keeps the URLs and annotations of descriptors", () => {
    const layer = { ...descriptor, urls: ["https://x"], annotations: { a: "b" }, unknown: 1 };
    const parsed = parseManifest(
      rawManifest({ ...image, mediaType: ociManifest, layers: [layer] }),
    );
    expect(parsed).toMatchObject({ layers: [{ urls: ["https://x"], annotations: { a: "b" } }] });
  });

  test.each(["null", "[]", "absent"])("has no layers or instances if they are %s", (value) => {
    const field = (name: string): string => (value === "absent" ? "" : `,"${name}":${value}`);
    const start = `{"schemaVersion":2,"config":${JSON.stringify(descriptor)}`;
    expect(parse(`${start}${field("layers")}}`, ociManifest)).toMatchObject({ layers: [] });
    expect(parse(`{"schemaVersion":2${field("manifests")}}`, ociIndex)).toMatchObject({
      manifests: [],
    });
  });

  test.each(["application/octet-stream", "application/json", "text/html", "text/plain", ""])(
    "of Docker with a config of type %j is an image",
    (mediaType) => {
      const config = { ...descriptor, mediaType };
      const parsed = parse(JSON.stringify({ ...image, config }), dockerManifest);
      expect(parsed).toMatchObject({ config: { mediaType } });
      expect(isArtifact(parsed as ImageManifest)).toBe(false);
    },
  );

  test("of OCI with a config of a generic type is an artifact, like a Docker plugin", () => {
    const artifacts = [
      [ociManifest, "application/json"],
      [dockerManifest, "application/vnd.docker.plugin.v1+json"],
    ] as const;
    for (const [type, mediaType] of artifacts) {
      const config = { ...descriptor, mediaType };
      const parsed = parse(JSON.stringify({ ...image, config }), type) as ImageManifest;
      expect([isArtifact(parsed), parsed.artifactType]).toEqual([true, mediaType]);
    }
  });

  test("of an artifact before OCI 1.1 has blobs, and no version", () => {
    const content = { mediaType: ociArtifact, artifactType: "a/b", blobs: [descriptor] };
    expect(parse(JSON.stringify({ ...content, subject: descriptor }))).toMatchObject({
      kind: "artifact",
      artifactType: "a/b",
      blobs: [descriptor],
      subject: descriptor,
    });
    expect(parse(JSON.stringify({ ...content, blobs: null }))).toMatchObject({ blobs: [] });
    expect(() => parse(JSON.stringify({ ...content, layers: [descriptor] }))).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });

  test.each([
    [{ architecture: "amd64" }, { os: "unknown", architecture: "amd64" }],
    [
      { os: "linux", architecture: "" },
      { os: "linux", architecture: "unknown" },
    ],
    [{ os: null }, { os: "unknown", architecture: "unknown" }],
  ])("of an index may have incomplete platforms: %j", (platform, expected) => {
    const content = { ...index, mediaType: ociIndex, manifests: [{ ...descriptor, platform }] };
    expect(parse(JSON.stringify(content))).toMatchObject({ manifests: [{ platform: expected }] });
  });

  test.each([
    ["empty", ""],
    ["truncated", JSON.stringify(image).slice(0, -1)],
    ["a web page", "<html></html>"],
    ["an array", "[]"],
    ["null", "null"],
    ["text", '"x"'],
    ["without a config", JSON.stringify({ ...image, config: undefined })],
    ["with layers that are not an array", JSON.stringify({ ...image, layers: {} })],
    ["with a layer that is null", JSON.stringify({ ...image, layers: [null] })],
    [
      "with an invalid digest",
      JSON.stringify({ ...image, config: { ...descriptor, digest: "sha256:../../x" } }),
    ],
    ["with a negative size", JSON.stringify({ ...image, config: { ...descriptor, size: -1 } })],
    ["with a fractional size", JSON.stringify({ ...image, config: { ...descriptor, size: 1.5 } })],
    ["with a size as a string", JSON.stringify({ ...image, config: { ...descriptor, size: "1" } })],
    [
      "with a config without a media type",
      JSON.stringify({ ...image, config: { ...descriptor, mediaType: "" } }),
    ],
    ["with annotations that are not strings", JSON.stringify({ ...image, annotations: { a: 1 } })],
    [
      "with a platform that is not an object",
      JSON.stringify({ ...index, manifests: [{ ...descriptor, platform: "linux" }] }),
    ],
    [
      "with a platform that is a number",
      JSON.stringify({ ...index, manifests: [{ ...descriptor, platform: { os: 1 } }] }),
    ],
    [
      "with urls that are not strings",
      JSON.stringify({ ...image, layers: [{ ...descriptor, urls: [1] }] }),
    ],
    ["with a mediaType that is not a string", JSON.stringify({ ...image, mediaType: 7 })],
    ["with an artifactType that is not a string", JSON.stringify({ ...image, artifactType: {} })],
    ["of another version", JSON.stringify({ ...image, schemaVersion: 3 })],
    ["of a version as a string", JSON.stringify({ ...image, schemaVersion: "2" })],
    ["too large", JSON.stringify({ ...image, x: "x".repeat(maxManifestSize) })],
  ])("is rejected if it is %s", (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  test.each([
    ["digest", undefined, "config has no digest"],
    ["size", undefined, "config has no size"],
    ["size", null, "config has no size"],
    ["size", "1", 'config has an invalid size: "1"'],
  ] as const)("is rejected with a message about the wrong %s: %j", (field, value, why) => {
    const text = JSON.stringify({ ...image, config: { ...descriptor, [field]: value } });
    expect(() => parse(text)).toThrow(`Invalid manifest: ${why}`);
  });

  test("is rejected with the start of a long invalid digest", () => {
    const text = JSON.stringify({ ...image, config: { ...descriptor, digest: "x".repeat(3000) } });
    expect(() => parse(text)).toThrow(/x{50}…; rebuild the image$/);
  });

  test("may have annotations that are null, which Go reads as empty strings", () => {
    const content = '{"a":null,"__proto__":"b"}';
    const text = JSON.stringify({ ...image, layers: [descriptor] });
    const { annotations } = parse(text.replace("{", `{"annotations":${content},`)) as ImageManifest;
    expect(Object.entries(annotations)).toEqual([
      ["a", ""],
      ["__proto__", "b"],
    ]);
  });

  test("is rejected if it is not UTF-8", () => {
    const bytes = Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    expect(() => parseManifest({ bytes })).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });
});

describe("an ambiguous manifest is rejected:", () => {
  test.each([
    ["an image with manifests", { ...image, manifests: [] }],
    ["an index with layers", { ...index, mediaType: ociIndex, layers: [descriptor] }],
    ["an index with a config", { ...index, mediaType: ociIndex, config: descriptor }],
    ["fields of schema 1", { ...image, fsLayers: [] }],
    ["fields in another case", { ...image, Manifests: [] }],
    ["a field in two cases", { ...image, Layers: [] }],
    ["a field of another type in a spelling that only Go accepts", { ...index, "layer\u017f": [] }],
    ["a version that is not an integer in Go", { ...image, schemaVersion: "VERSION" }],
    ["any field in two cases", { ...image, x: 1, X: 2 }],
  ])("%s", (_, content) => {
    const text = JSON.stringify(content).replace('"VERSION"', "2.0");
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  test("a field twice", () => {
    const text = JSON.stringify(image).replace("{", '{ "layers" : [],');
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  test("a field twice, once escaped", () => {
    const text = JSON.stringify(image).replace("{", '{"l\\u0061yers":[],');
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
  });

  const other = { ...descriptor, digest: `sha256:${"b".repeat(64)}` };
  const one = JSON.stringify(descriptor);
  const two = JSON.stringify(other);
  test.each([
    [
      "layers twice, with white space before the colon",
      `"layers":[${two}],"layers"${" ".repeat(17)}:`,
    ],
    ["layers beside a key that Go reads as layers", `"layer\u017f":[${two}],"layers":`],
    ["layers beside an escaped key that Go reads as layers", `"layer\\u017f":[${two}],"layers":`],
    ["layers in a spelling that only Go accepts", '"Layers":'],
  ])("%s", (_, start) => {
    const text = `{"schemaVersion":2,"config":${one},${start}[${one}]}`;
    expect(() => parse(text, ociManifest)).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });

  test.each([
    ["config", (entry: string) => `"config":${entry},"layers":[${one}]`],
    ["a layer", (entry: string) => `"config":${one},"layers":[${one},${entry}]`],
    ["the subject", (entry: string) => `"config":${one},"layers":[],"subject":${entry}`],
  ])("a field of %s in two spellings, or in a wrong one", (_, around) => {
    const spellings = ['"digest":', '"Digest":', '"DIGEST":', '"d\\u0069gest":', '"\\u0044igest":'];
    const doubled = spellings.map((key) => one.replace("{", `{${key}"${other.digest}",`));
    const misspelled = one.replace('"size"', '"Size"').replace("{", '{"size":1,');
    for (const entry of [...doubled, one.replace('"size"', '"\u017fize"'), misspelled]) {
      expect(() => parse(`{"schemaVersion":2,${around(entry)}}`, ociManifest)).toThrow(
        expect.objectContaining({ code: "invalid-manifest" }),
      );
    }
    expect(parse(`{"schemaVersion":2,${around(one)}}`, ociManifest)).toMatchObject({
      kind: "image",
    });
  });

  test.each(["1.0", "1e0", "-0", "1e400", "9007199254740993", '"1"', "null", "[1]"])(
    "a size that is %s",
    (size) => {
      const text = JSON.stringify(image).replace('"size":1', `"size":${size}`);
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
    },
  );

  test("but not if annotations differ in case only", () => {
    const annotations = { a: "1", A: "2", "layer\u017f": "3", layers: "4", Layers: "5" };
    const layers = [{ ...descriptor, annotations }];
    expect(parse(JSON.stringify({ ...image, layers, annotations }))).toMatchObject({
      annotations,
      layers,
    });
  });

  test("but not if annotations look like such fields", () => {
    const annotations = { 'a "layers": {"layers": [': "}]", manifests: "x", config: "y" };
    expect(parse(JSON.stringify({ ...image, annotations }))).toMatchObject({ annotations });
    expect(parse(JSON.stringify({ ...image, manifests: null }))).toMatchObject({ kind: "image" });
  });
});
