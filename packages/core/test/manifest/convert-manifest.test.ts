import { describe, expect, test } from "vitest";

import type { RawManifest } from "../../src/contract/raw-manifest.ts";
import { conversionLosses } from "../../src/manifest/conversion-losses.ts";
import { conversionProblem, editManifest } from "../../src/manifest/edit-manifest.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import type { ImageIndex, ImageManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { hostPlatform } from "../../src/manifest/platform.ts";
import { rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList, ociArtifact } = mediaTypes;
const impossible = expect.objectContaining({ code: "impossible-copy" }) as Error;
const text = ({ bytes }: RawManifest): string => Buffer.from(bytes).toString();
const layersOf = (raw: RawManifest): ImageManifest["layers"] =>
  (parseManifest(raw) as ImageManifest).layers;

const image = sampleImage().manifest;
const dockers = sampleImage({ manifestType: dockerManifest }).manifest;
const index = sampleIndex([sampleImage()]).manifest;
const list = sampleIndex([sampleImage()], dockerList).manifest;
const artifact = rawManifest({ mediaType: ociArtifact, artifactType: "a/b", blobs: [] });
const bare = sampleIndex([{ ...sampleImage(), platform: undefined } as unknown as SampleImage]);
const bareList = sampleIndex(
  [{ ...sampleImage(), platform: undefined } as unknown as SampleImage],
  dockerList,
);

const problemOf = (raw: RawManifest, target: string): string | undefined =>
  conversionProblem(parseManifest(raw), target);

describe("each type converts to one other type", () => {
  const all: Readonly<Record<string, RawManifest>> = {
    [ociManifest]: image,
    [dockerManifest]: dockers,
    [ociIndex]: index,
    [dockerList]: list,
  };
  const counterparts: Readonly<Record<string, string>> = {
    [ociManifest]: dockerManifest,
    [dockerManifest]: ociManifest,
    [ociIndex]: dockerList,
    [dockerList]: ociIndex,
  };
  const pairs = Object.keys(all).flatMap((from) =>
    [...Object.keys(all), ociArtifact].map((to) => [from, to] as const),
  );

  test.each(pairs)("%s to %s", (from, to) => {
    const isPossible = from === to || counterparts[from] === to;
    const problem = problemOf(all[from]!, to);
    expect(problem).toBe(isPossible ? undefined : `${from} cannot become ${to}`);
  });

  test("but an artifact to none", () => {
    for (const to of [ociManifest, dockerManifest, ociIndex, dockerList]) {
      expect(problemOf(artifact, to)).toBe(`${ociArtifact} cannot become ${to}`);
      expect(() => editManifest(artifact, { manifestMIMEType: to })).toThrow(impossible);
    }
    expect(problemOf(artifact, ociArtifact)).toBeUndefined();
    expect(editManifest(artifact, {})).toEqual({ bytes: artifact.bytes, mediaType: ociArtifact });
  });
});

describe("what the other type cannot represent is reported:", () => {
  test.each([
    [
      "application/vnd.in-toto+json",
      " (it is an attestation; select the platforms to copy, or keep the type)",
    ],
    ["a/layer", " (keep the type)"],
    [
      "application/vnd.oci.image.layer.v1.tar+zstd",
      " (compress the layers with gzip, or keep the type)",
    ],
    [
      "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
      " (decrypt the layers, or keep the type)",
    ],
  ])("a layer of type %s", (layerType, advice) => {
    const { manifest } = sampleImage({ layers: ["a"], layerType });
    const problem = `${dockerManifest} has no layers of type ${layerType}${advice}`;
    expect(problemOf(manifest, dockerManifest)).toBe(problem);
    const convert = (): unknown => editManifest(manifest, { manifestMIMEType: dockerManifest });
    expect(convert).toThrow(impossible);
  });

  test("an artifact in the form of an image", () => {
    const { manifest } = sampleImage({ configType: "a/config" });
    expect(problemOf(manifest, dockerManifest)).toBe(
      "it is an artifact, not an image (keep the type)",
    );
  });
});

test("an index without platforms becomes a list for the platform of this machine", () => {
  const { os, architecture } = hostPlatform();
  const converted = editManifest(bare.manifest, { manifestMIMEType: dockerList });
  expect(parseManifest(converted)).toMatchObject({
    manifests: [{ platform: { os, architecture } }],
  });
  expect(text(converted)).toContain(`"platform":{"architecture":"${architecture}","os":"${os}"}`);
  expect(conversionLosses(parseManifest(bare.manifest), dockerList)).toEqual([
    `the lack of a platform of its instances, which are listed for ${os}/${architecture}`,
  ]);
  const toOCI = editManifest(bareList.manifest, { manifestMIMEType: ociIndex });
  expect(text(toOCI)).toContain('"platform":{"architecture":"","os":""}');
});

test("a list without platforms gets empty ones if it changes, as Go writes it", () => {
  const [entry] = (parseManifest(bareList.manifest) as ImageIndex).manifests;
  const edited = editManifest(bareList.manifest, { instances: [{ ...entry!, size: 7 }] });
  expect(text(edited)).toContain('"platform":{"architecture":"","os":""}');
  const inIndex = editManifest(bare.manifest, { instances: [{ ...entry!, size: 7 }] });
  expect(text(inIndex)).not.toContain("platform");
});

describe("annotations of layers", () => {
  const convert = (
    raw: RawManifest,
    to: string,
    ...annotations: readonly unknown[]
  ): RawManifest => {
    const layerInfos = layersOf(raw).map((layer, at) => {
      const { annotations: _, ...others } = layer;
      const given = annotations[at] as Readonly<Record<string, string>> | undefined;
      return given === undefined ? others : { ...others, annotations: given };
    });
    return editManifest(raw, { manifestMIMEType: to, layerInfos });
  };

  test("are added to converted OCI manifests, for each layer that has some", () => {
    const converted = convert(dockers, ociManifest, { a: "1" });
    expect(layersOf(converted).map(({ annotations }) => annotations)).toEqual([
      { a: "1" },
      undefined,
    ]);
    const second = convert(dockers, ociManifest, undefined, { b: "2" });
    expect(layersOf(second).map(({ annotations }) => annotations)).toEqual([undefined, { b: "2" }]);
    expect(layersOf(converted).map(({ digest }) => digest)).toEqual(
      layersOf(dockers).map(({ digest }) => digest),
    );
  });

  test("that are empty or missing add nothing", () => {
    const without = text(editManifest(dockers, { manifestMIMEType: ociManifest }));
    expect(text(convert(dockers, ociManifest))).toBe(without);
    expect(text(convert(dockers, ociManifest, {}, {}))).toBe(without);
    expect(without).not.toContain("annotations");
  });

  test("are omitted from converted Docker manifests", () => {
    const without = text(editManifest(image, { manifestMIMEType: dockerManifest }));
    expect(text(convert(image, dockerManifest, { a: "1" }))).toBe(without);
  });
});

describe("given URLs and annotations of a layer", () => {
  const [layer] = layersOf(image);
  const withMore = (more: object): RawManifest & { readonly mediaType: string } =>
    rawManifest({
      ...(JSON.parse(text(image)) as { readonly mediaType: string }),
      layers: [{ ...layer, ...more }],
    });
  const full = { urls: ["https://a.example/x"], annotations: { a: "1" } };

  test("change nothing if they are the same", () => {
    for (const [there, given] of [
      [full, full],
      [{}, { urls: [], annotations: {} }],
      [full, {}],
    ] as const) {
      const raw = withMore(there);
      const { urls: _, annotations: __, ...plain } = layersOf(raw)[0]!;
      expect(editManifest(raw, { layerInfos: [{ ...plain, ...given }] }).bytes).toBe(raw.bytes);
    }
  });

  test("are removed if they are empty", () => {
    const raw = withMore(full);
    const [before] = layersOf(raw);
    const noURLs = editManifest(raw, { layerInfos: [{ ...before!, urls: [] }] });
    expect(text(noURLs)).not.toContain("urls");
    expect(layersOf(noURLs)[0]?.annotations).toEqual(full.annotations);
    const bareOne = editManifest(raw, { layerInfos: [{ ...before!, annotations: {} }] });
    expect(text(bareOne)).not.toContain("annotations");
    expect(layersOf(bareOne)[0]?.urls).toEqual(full.urls);
  });
});
