import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { conversionProblem, editManifest } from "../../src/manifest/edit-manifest.ts";
import { layerTypeFor, withLayerCompression } from "../../src/manifest/layer-media-types.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex, ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { toOCIConfig } from "../../src/manifest/oci-config.ts";
import { digestOf } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;
const fixtures = path.resolve(
  import.meta.dirname,
  "../../../../../shared/fixtures/containers-image",
);

const json = ({ bytes }: RawManifest): unknown => JSON.parse(Buffer.from(bytes).toString());

describe("an edit", () => {
  test("that changes nothing keeps the bytes", () => {
    const { manifest } = sampleImage({ extra: { "x-unknown": [1, { a: null }] } });
    const { layers } = parseManifest(manifest) as ImageManifest;
    const edits = [{}, { layerInfos: layers }, { manifestMIMEType: ociManifest }];
    for (const edit of edits) expect(editManifest(manifest, edit).bytes).toBe(manifest.bytes);
  });

  test("of a layer keeps all other fields, with unknown ones last", () => {
    const { manifest } = sampleImage({ extra: { "x-unknown": 1, annotations: { a: "b" } } });
    const [first, second] = (parseManifest(manifest) as ImageManifest).layers;
    if (first === undefined || second === undefined) throw new Error("has two layers");
    const digest = digestOf(Buffer.from("other"));
    const edited = editManifest(manifest, { layerInfos: [first, { ...second, digest, size: 5 }] });
    const before = json(manifest) as { layers: object[] };
    const layers = [before.layers[0], { ...before.layers[1], digest, size: 5 }];
    expect(json(edited)).toEqual({ ...before, layers });
    const { "x-unknown": _, ...known } = before as Record<string, unknown>;
    expect(Object.keys(json(edited) as object)).toEqual([...Object.keys(known), "x-unknown"]);
  });

  test.each([
    {
      mediaType: mediaTypes.ociManifest,
      layerType: "application/vnd.oci.image.layer.v1.tar",
      order: ["mediaType", "digest", "size"],
      annotations: String.raw`,"annotations":{"a":"1","b":"\u003cx\u003e"}`,
    },
    {
      mediaType: mediaTypes.dockerManifest,
      layerType: "application/vnd.docker.image.rootfs.diff.tar",
      order: ["mediaType", "size", "digest"],
      annotations: "",
    },
  ])(
    "of a layer of $mediaType is in the order in which skopeo writes it, whatever it was",
    ({ mediaType, layerType, order, annotations }) => {
      const [first, second] = [digestOf(Buffer.from("1")), digestOf(Buffer.from("2"))];
      const entry = (fields: object, keys = order): string => JSON.stringify(fields, [...keys]);
      const config = { mediaType: "application/x-config", digest: first, size: 2 };
      const before = { mediaType: layerType, digest: first, size: 3 };
      const after = { mediaType: layerType, digest: second, size: 4 };
      const text =
        (annotations === "" ? "{" : '{"annotations":{"b":"<x>","a":"1"},') +
        `"layers":[${entry(before, order.toReversed())}],` +
        `"config":${entry(config, order.toReversed())},"mediaType":"${mediaType}","schemaVersion":2}`;
      const raw = { bytes: Buffer.from(text), mediaType };
      const edited = editManifest(raw, { layerInfos: [after] });
      expect(Buffer.from(edited.bytes).toString()).toBe(
        `{"schemaVersion":2,"mediaType":"${mediaType}","config":${entry(config)},` +
          `"layers":[${entry(after)}]${annotations}}`,
      );
    },
  );

  test("of a layer replaces only the given URLs and annotations", () => {
    const { manifest } = sampleImage();
    const [first, second] = (parseManifest(manifest) as ImageManifest).layers;
    if (first === undefined || second === undefined) throw new Error("has two layers");
    const given = { urls: ["https://example.com/layer"], annotations: { a: "b" } };
    const edited = editManifest(manifest, { layerInfos: [{ ...first, ...given }, second] });
    expect(json(edited)).toMatchObject({ layers: [given, {}] });
    expect(editManifest(edited, { layerInfos: [first, second] }).bytes).toBe(edited.bytes);
    const emptied = { ...first, urls: [], annotations: {} };
    const { layers } = parseManifest(
      editManifest(edited, { layerInfos: [emptied, second] }),
    ) as ImageManifest;
    expect([layers[0]?.urls, layers[0]?.annotations]).toEqual([undefined, undefined]);
  });

  test.each([
    [ociManifest, dockerManifest, undefined],
    [dockerManifest, ociManifest, { a: "b" }],
    [dockerManifest, dockerManifest, undefined],
  ])("from %s to %s has the given annotations if the format supports them", (from, to, kept) => {
    const { manifest } = sampleImage({ manifestType: from });
    const layerInfos = (parseManifest(manifest) as ImageManifest).layers.map((layer) => {
      return { ...layer, urls: ["https://example.com/layer"], annotations: { a: "b" } };
    });
    const edited = editManifest(manifest, { manifestMIMEType: to, layerInfos });
    const { layers } = parseManifest(edited) as ImageManifest;
    expect(layers.map(({ urls }) => urls)).toEqual([
      ["https://example.com/layer"],
      ["https://example.com/layer"],
    ]);
    expect(layers.map(({ annotations }) => annotations)).toEqual([kept, kept]);
  });

  test.each([
    [ociManifest, dockerManifest],
    [dockerManifest, ociManifest],
    [ociManifest, ociManifest],
  ])("from %s to %s has no layers if Go wrote null", (from, to) => {
    for (const layers of [null, undefined]) {
      const { manifest } = sampleImage({ manifestType: from, extra: { layers } });
      const edited = editManifest(manifest, { manifestMIMEType: to, layerInfos: [] });
      expect(parseManifest(edited)).toMatchObject({ mediaType: to, layers: [] });
    }
  });

  test.each([
    [ociIndex, dockerList],
    [dockerList, ociIndex],
  ])("from %s to %s has no instances if Go wrote null", (from, to) => {
    const { manifest } = sampleIndex([], from, { manifests: null });
    const edited = editManifest(manifest, { manifestMIMEType: to, instances: [] });
    expect(parseManifest(edited)).toMatchObject({ mediaType: to, manifests: [] });
  });

  test("must not change the number of layers", () => {
    const { manifest } = sampleImage();
    expect(() => editManifest(manifest, { layerInfos: [] })).toThrow(
      expect.objectContaining({ code: "impossible-copy" }),
    );
  });

  test("removes inlined data of replaced descriptors only", () => {
    const data = { data: "e30=" };
    const { manifest } = sampleImage();
    const content = json(manifest) as { layers: object[] };
    const layers = content.layers.map((layer) => ({ ...layer, ...data }));
    const bytes = Buffer.from(JSON.stringify({ ...content, layers }));
    const [first, second] = (parseManifest({ bytes }) as ImageManifest).layers;
    if (first === undefined || second === undefined) throw new Error("has two layers");
    const edited = editManifest(
      { bytes },
      { layerInfos: [first, { ...second, size: 9, digest: first.digest }] },
    );
    expect(json(edited)).toMatchObject({ layers: [data, { size: 9 }] });
    expect((json(edited) as { layers: object[] }).layers[1]).not.toHaveProperty("data");
  });

  test("of an index removes instances", () => {
    const { manifest } = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const [, second] = (parseManifest(manifest) as ImageIndex).manifests;
    const edited = parseManifest(editManifest(manifest, { instances: [undefined, second] }));
    expect(edited).toMatchObject({ manifests: [{ platform: arm }] });
  });
});

describe("a conversion", () => {
  test.each([
    [ociManifest, dockerManifest],
    [dockerManifest, ociManifest],
  ])("from %s to %s and back restores the content", (from, to) => {
    const { manifest } = sampleImage({ manifestType: from });
    const there = editManifest(manifest, { manifestMIMEType: to });
    expect(parseManifest(there).mediaType).toBe(to);
    expect(json(editManifest(there, { manifestMIMEType: from }))).toEqual(json(manifest));
  });

  test("of an index keeps the platforms", () => {
    const { manifest } = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const list = parseManifest(editManifest(manifest, { manifestMIMEType: dockerList }));
    expect(list).toMatchObject({ mediaType: dockerList, manifests: [{}, { platform: arm }] });
  });

  test.each([
    ["an artifact", sampleImage({ configType: "a/b" }), dockerManifest],
    [
      "zstd layers",
      sampleImage({ layerType: "application/vnd.oci.image.layer.v1.tar+zstd" }),
      dockerManifest,
    ],
    [
      "encrypted layers",
      sampleImage({ layerType: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted" }),
      dockerManifest,
    ],
    ["an image to an index", sampleImage(), ociIndex],
    ["to an unknown type", sampleImage(), "toString"],
  ])("of %s is rejected", (_, { manifest }, target) => {
    expect(conversionProblem(parseManifest(manifest), target)).toBeTypeOf("string");
    expect(() => editManifest(manifest, { manifestMIMEType: target })).toThrow(
      expect.objectContaining({ code: "impossible-copy" }),
    );
  });

  describe.skipIf(!existsSync(fixtures))("of a real image", () => {
    const read = (name: string): Buffer =>
      readFileSync(path.join(fixtures, "internal/image/fixtures", name));
    test("to Docker's type is the manifest of containers/image", () => {
      const ours = editManifest({ bytes: read("oci1.json") }, { manifestMIMEType: dockerManifest });
      expect(json(ours)).toEqual(json({ bytes: read("oci1-to-schema2.json") }));
    });

    test("to OCI is the manifest of containers/image", () => {
      const { bytes } = toOCIConfig(read("schema2-config.json"));
      const config = { digest: digestOf(bytes), size: bytes.byteLength };
      const raw = { bytes: read("schema2.json") };
      const ours = editManifest(raw, { manifestMIMEType: ociManifest, config });
      expect(json(ours)).toEqual(json({ bytes: read("schema2-to-oci1.json") }));
    });

    test.each([
      ["oci1-artifact.json", dockerManifest, "it is an artifact, not an image"],
      ["oci1-invalid-media-type.json", dockerManifest, "has no layers of type"],
      ["schema2-invalid-media-type.json", ociManifest, "has no layers of type"],
    ])("in %s is impossible", (name, manifestMIMEType, why) => {
      const convert = (): unknown => editManifest({ bytes: read(name) }, { manifestMIMEType });
      expect(convert).toThrow(expect.objectContaining({ code: "impossible-copy" }));
      expect(convert).toThrow(why);
    });
  });
});

describe("layer types", () => {
  test.each([
    [
      "application/vnd.oci.image.layer.v1.tar",
      "gzip",
      "application/vnd.oci.image.layer.v1.tar+gzip",
    ],
    [
      "application/vnd.oci.image.layer.v1.tar+gzip",
      "zstd",
      "application/vnd.oci.image.layer.v1.tar+zstd",
    ],
    [
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      "none",
      "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ],
    ["a/b", "gzip", undefined],
    ["toString", "gzip", undefined],
  ] as const)("%s packed as %s is %s", (type, compression, expected) => {
    expect(withLayerCompression(type, compression)).toBe(expected);
  });

  test("of the other family exist, except for zstd in Docker's", () => {
    const zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    expect(layerTypeFor("docker", zstd)).toBeUndefined();
    expect(layerTypeFor("oci", "application/vnd.docker.image.rootfs.diff.tar.zstd")).toBe(zstd);
    expect(
      layerTypeFor("docker", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    ).toBe("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
  });
});
