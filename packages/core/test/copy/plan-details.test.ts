import { describe, expect, test } from "vitest";

import type { BlobLocation } from "../../src/contract/blob-info.ts";
import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { Signature } from "../../src/contract/signature.ts";
import type { CopyFacts, ManifestFacts, CachedBlob } from "../../src/copy/copy-facts.ts";
import type { PlanOptions } from "../../src/copy/copy-options.ts";
import type { BlobStep, ManifestStep } from "../../src/copy/copy-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import { arm, rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf, kinds } from "./sample-facts.ts";

const { ociManifest, ociIndex, dockerManifest, ociArtifact } = mediaTypes;
const plainLayer = "application/vnd.oci.image.layer.v1.tar";
const unchanged = "it is copied as it is";
const simple: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };
const sigstore = { ...simple, kind: "sigstore" } as unknown as Signature;
const docker = { manifestType: dockerManifest };
const plain = { layers: ["a"], layerType: plainLayer };

function manifestsIn(facts: CopyFacts, options: PlanOptions = {}): readonly ManifestStep[] {
  return planCopy(facts, options).steps.filter((step) => step.kind === "manifest");
}

function reasonOf(
  image: SampleImage | ManifestFacts,
  accepts: Partial<DestinationAccepts> = {},
  options: PlanOptions = {},
): string {
  const top = "raw" in image ? image : factsOf(image);
  return manifestsIn(copyFacts(top, accepts), options).at(-1)?.reason ?? "";
}

describe("a manifest is written", () => {
  test.each<[string, SampleImage, Partial<DestinationAccepts>, PlanOptions, string]>([
    ["as it is", sampleImage(), {}, {}, unchanged],
    [
      "with other layers",
      sampleImage(plain),
      { layers: "compress" },
      {},
      "a layer is recompressed",
    ],
    [
      "as another type that the destination takes",
      sampleImage(),
      { manifestMIMETypes: [dockerManifest] },
      {},
      `the destination does not accept ${ociManifest}`,
    ],
    [
      "as a requested type",
      sampleImage(),
      {},
      { manifestMIMEType: dockerManifest },
      `${dockerManifest} was requested`,
    ],
    [
      "as another type and with other layers",
      sampleImage({ layers: ["a"] }),
      { layers: "decompress" },
      { manifestMIMEType: dockerManifest },
      `${dockerManifest} was requested and a layer is recompressed`,
    ],
    [
      "because of one instance of several",
      sampleIndex([sampleImage(docker), sampleImage({ platform: arm })]),
      { manifestMIMETypes: [ociManifest, ociIndex] },
      {},
      "an instance in it changes",
    ],
    ["as an unchanged index", sampleIndex([sampleImage()]), {}, {}, unchanged],
  ])("%s, and the plan contains the reason", (_, image, accepts, options, reason) => {
    expect(reasonOf(image, accepts, options)).toBe(reason);
  });

  test("without the instances that were not chosen, and the plan contains the reason", () => {
    const index = factsOf(sampleIndex([sampleImage(), sampleImage({ platform: arm })]));
    const part = { ...index, instances: [index.instances[0], undefined] };
    expect(reasonOf(part)).toBe("not all of its instances are copied");
    expect(reasonOf(part, {}, { missingInstances: "keep" })).toBe(unchanged);
  });

  test("under another name with its own reason if it needs no blobs", () => {
    const index = sampleIndex([sampleImage()]);
    const all = [index, ...index.instances].map(({ manifest }) => manifest.digest);
    const facts = copyFacts(factsOf(index), {}, { reusable: new Set(all) });
    expect(manifestsIn(facts).map(({ reason }) => reason)).toEqual([unchanged]);
  });

  test("with nothing omitted and no fallbacks if it is an artifact", () => {
    const blob = { mediaType: "a/b", digest: digestOf(Buffer.from("x")), size: 1 };
    const manifest = rawManifest({ mediaType: ociArtifact, artifactType: "a/b", blobs: [blob] });
    const artifact: SampleImage = { manifest, blobs: new Map(), instances: [] };
    const plan = planCopy(copyFacts(factsOf(artifact), { layers: "compress" }));
    expect(kinds(plan)).toBe("layer preserve, top, commit");
    expect(plan.steps[1]).toMatchObject({ omitted: [], fallbacks: [], reason: unchanged });
    const [image] = manifestsIn(copyFacts(factsOf(sampleImage())));
    expect(image?.omitted).toEqual([]);
  });
});

describe("a plan", () => {
  test("does nothing if the destination generates the same image", () => {
    const image = sampleImage();
    const { manifest: existing } = sampleImage({ extra: { annotations: { a: "b" } } });
    const plan = planCopy(copyFacts(factsOf(image), { preservesManifests: false }, { existing }));
    expect(plan).toMatchObject({
      steps: [],
      existing,
      digest: existing.digest,
      top: image.manifest,
    });
    expect(planCopy(copyFacts(factsOf(image)))).not.toHaveProperty("existing");
  });

  test("does nothing if the destination has all chosen instances of an index", () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const whole = factsOf(index);
    const { digest } = index.manifest;
    const present = new Set([digest, index.instances[0]?.manifest.digest ?? digest]);
    const part = { ...whole, instances: [whole.instances[0], undefined] };
    const facts = copyFacts(part, {}, { currentDigest: digest, present });
    expect(planCopy(facts, { missingInstances: "keep" }).steps).toEqual([]);
  });

  test("copies the signatures of an instance once, however often the index references it", () => {
    const instance = sampleImage();
    const index = sampleIndex([instance, instance]);
    const signed = factsOf(instance, [simple]);
    const plan = planCopy(copyFacts({ ...factsOf(index), instances: [signed, signed] }));
    expect(kinds(plan)).toBe(
      "layer preserve, layer preserve, config, instance, top, signatures, commit",
    );
  });

  test("keeps selected entries of an index that are not manifests", () => {
    const images = [sampleImage(), sampleImage({ platform: arm })];
    const blob = { mediaType: "a/b", digest: digestOf(Buffer.from("x")), size: 1 };
    const named = images.map(({ manifest, platform }) => ({
      mediaType: ociManifest,
      digest: manifest.digest,
      size: manifest.bytes.byteLength,
      platform,
    }));
    const factsWith = (entries: readonly object[], chosen: number): ManifestFacts => {
      const manifest = rawManifest({ schemaVersion: 2, mediaType: ociIndex, manifests: entries });
      const parsed = parseManifest(manifest);
      const [first] = images.map((image) => factsOf(image));
      return {
        raw: manifest,
        manifest: parsed,
        platform: undefined,
        signatures: [],
        instances: entries.map((_, at) => (at < chosen ? first : undefined)),
        blobs: parsed.kind === "index" ? parsed.manifests.slice(-1) : [],
      };
    };
    const whole = factsWith([named[0]!, blob], 1);
    expect(reasonOf(whole)).toBe(unchanged);
    expect(kinds(planCopy(copyFacts(whole)))).toBe(
      "layer preserve, layer preserve, config, layer preserve, instance, top, commit",
    );
    const [top] = manifestsIn(copyFacts(factsWith([...named, blob], 1))).slice(-1);
    expect(top).toMatchObject({
      omitted: [images[1]?.manifest.digest],
      reason: "not all of its instances are copied",
    });
  });

  test("copies layers without URLs even if foreign layers stay", () => {
    const plan = planCopy(copyFacts(factsOf(sampleImage()), { foreignLayerURLs: true }));
    expect(kinds(plan)).toBe("layer preserve, layer preserve, config, top, commit");
  });
});

describe("impossible copies are explained:", () => {
  const failureOf = (facts: CopyFacts, options: PlanOptions = {}): unknown => {
    try {
      return planCopy(facts, options);
    } catch (error) {
      return error;
    }
  };
  const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
  const part = { ...factsOf(index), instances: [factsOf(index.instances[0]!), undefined] };

  test.each<[string, CopyFacts, PlanOptions, string]>([
    [
      "a type that must not change",
      copyFacts(factsOf(sampleImage()), { manifestMIMETypes: [dockerManifest] }),
      { preserveDigests: true },
      `(the destination does not accept ${ociManifest}), but digests are to be preserved`,
    ],
    [
      "an index with an instance that must not be copied",
      copyFacts(part),
      { preserveDigests: true },
      "; copy all of them, or keep the index as it is with instances missing",
    ],
    [
      "an index to a destination of single images",
      copyFacts(factsOf(index), { manifestMIMETypes: [dockerManifest] }),
      {},
      "it accepts only single images; copy one of them",
    ],
    [
      "an image to a destination of indexes",
      copyFacts(factsOf(sampleImage()), { manifestMIMETypes: [ociIndex] }),
      {},
      "it does not accept single images",
    ],
    [
      "a type that the destination does not accept",
      copyFacts(factsOf(sampleImage()), { manifestMIMETypes: [ociManifest] }),
      { manifestMIMEType: dockerManifest },
      "the destination does not accept that type",
    ],
    [
      "layers compressed with zstd in Docker's format",
      copyFacts(factsOf(sampleImage(plain)), { layers: "compress" }),
      { compression: "zstd", manifestMIMEType: dockerManifest },
      `need ${ociManifest}, but ${dockerManifest} was requested`,
    ],
  ])("%s", (_, facts, options, why) => {
    expect(failureOf(facts, options)).toMatchObject({
      code: "impossible-copy",
      message: expect.stringContaining(why) as string,
    });
  });

  test("signatures of one kind if the destination stores only the other", () => {
    const image = (signature: Signature): ManifestFacts => factsOf(sampleImage(), [signature]);
    const accepts = { signatures: "unsupported here", sigstoreSignatures: true } as const;
    expect(planCopy(copyFacts(image(sigstore), accepts)).steps.at(-2)?.kind).toBe("signatures");
    expect(failureOf(copyFacts(image(simple), accepts))).toMatchObject({
      message: expect.stringContaining("unsupported here") as string,
    });
    const others = { signatures: true, sigstoreSignatures: "no tags" } as const;
    expect(planCopy(copyFacts(image(simple), others)).steps.at(-2)?.kind).toBe("signatures");
    expect(failureOf(copyFacts(image(sigstore), others))).toMatchObject({
      message: expect.stringContaining("no tags") as string,
    });
  });

  test("but not an image without signatures", () => {
    const facts = copyFacts(part, { signatures: "unsupported here" });
    expect(planCopy(facts).steps.at(-1)?.kind).toBe("commit");
  });
});

describe("layers to be compressed", () => {
  const layerStep = (
    layerType: string,
    options: PlanOptions,
    accepts: Partial<DestinationAccepts> = { layers: "compress" },
  ): BlobStep => {
    const image = sampleImage({ layers: ["a"], layerType });
    const [step] = planCopy(copyFacts(factsOf(image), accepts), options).steps;
    if (step?.kind !== "blob") throw new Error("no blob");
    return step;
  };

  test("are preserved only in the requested format", () => {
    const table = (["gzip", "zstd"] as const).flatMap((compression) =>
      ["", "+gzip", "+zstd"].map((suffix) => {
        const { digest, reason } = layerStep(`${plainLayer}${suffix}`, { compression });
        return [compression, suffix, digest === undefined, reason];
      }),
    );
    const requested = (format: string): string => `layers are to be compressed with ${format}`;
    const needed = "the image needs it";
    expect(table).toEqual([
      ["gzip", "", true, requested("gzip")],
      ["gzip", "+gzip", false, needed],
      ["gzip", "+zstd", true, `${requested("gzip")}, unless the destination has this one`],
      ["zstd", "", true, requested("zstd")],
      ["zstd", "+gzip", true, `${requested("zstd")}, unless the destination has this one`],
      ["zstd", "+zstd", false, needed],
    ]);
    expect(layerStep(plainLayer, {}).reason).toBe("the destination wants layers compressed");
    const decompressed = layerStep(`${plainLayer}+gzip`, {}, { layers: "decompress" });
    expect(decompressed.reason).toBe("layers are to be decompressed");
  });

  test("are allowed in Docker's format after compression with gzip", () => {
    const accepts = { layers: "compress", manifestMIMETypes: [dockerManifest] } as const;
    const step = layerStep(`${plainLayer}+zstd`, { compression: "gzip" }, accepts);
    expect(step).toMatchObject({
      transform: { kind: "layer", compression: { kind: "recompress", format: "gzip" } },
      digest: undefined,
    });
  });

  test("keep the type of the manifest, except for zstd", () => {
    const image = sampleImage({ ...docker, layers: ["a"] });
    const type = (options: PlanOptions): string | undefined =>
      manifestsIn(copyFacts(factsOf(image), { layers: "compress" }), options).at(-1)?.mediaType;
    expect([type({}), type({ compression: "gzip" }), type({ compression: "zstd" })]).toEqual([
      dockerManifest,
      dockerManifest,
      ociManifest,
    ]);
  });
});

describe("cached facts of a blob", () => {
  const image = sampleImage(plain);
  const layer = digestOf(Buffer.from("a"));
  const [gzip, zstd] = [digestOf(Buffer.from("gzip")), digestOf(Buffer.from("zstd"))];
  const compressed = [
    { digest: zstd, size: 7, compression: "zstd" },
    { digest: gzip, size: 8, compression: "gzip" },
  ] as const;
  const [near, far]: readonly BlobLocation[] = [
    { transport: "shelf", scope: "one.example", path: "a" },
    { transport: "shelf", scope: "one.example", path: "b" },
  ];
  const nothing: CachedBlob = { compressed: [], isAtDestination: false, otherLocations: [] };

  function stepFor(
    known: readonly (readonly [typeof layer, Partial<CachedBlob>])[],
    layers: DestinationAccepts["layers"],
    options: PlanOptions = {},
    from: SampleImage = image,
  ): BlobStep {
    const cachedBlobs = new Map(known.map(([digest, one]) => [digest, { ...nothing, ...one }]));
    const facts = copyFacts(factsOf(from), { layers }, { cachedBlobs });
    const [step] = planCopy(facts, options).steps;
    if (step?.kind !== "blob") throw new Error("no blob");
    return step;
  }

  test.each([
    ["gzip", {}, gzip, 8],
    ["gzip", { compression: "gzip" }, gzip, 8],
    ["zstd", { compression: "zstd" }, zstd, 7],
  ] as const)("reuse its form that is compressed with %s: %j", (format, options, digest, size) => {
    const step = stepFor([[layer, { compressed }]], "compress", options);
    expect(step.candidates).toEqual([
      { blob: { mediaType: `${plainLayer}+${format}`, digest, size }, compression: format },
    ]);
    expect(step.digest).toBeUndefined();
    expect(step.reason).toMatch(new RegExp(`; reuses ${digest} if it exists$`));
  });

  test("reuse a compressed form, whatever the media type of the blob", () => {
    const mislabelled = sampleImage({ layers: ["a"], layerType: `${plainLayer}+gzip` });
    const step = stepFor([[layer, { compressed }]], "compress", {}, mislabelled);
    expect(step.candidates.map(({ blob }) => blob.digest)).toEqual([gzip]);
    expect(step.digest).toBeUndefined();
  });

  test("are ignored if the blob is decompressed or preserved", () => {
    expect(stepFor([[layer, { compressed }]], "decompress").candidates).toMatchObject([
      { blob: { digest: layer }, compression: undefined },
    ]);
    expect(stepFor([[layer, { compressed }]], "preserve").digest).toBe(layer);
    expect(stepFor([], "compress").candidates).toEqual([]);
  });

  test("provide the locations to try: at the destination, then one other", () => {
    const locations = (known: Partial<CachedBlob>): readonly unknown[] =>
      stepFor([[layer, known]], "preserve").candidates.map(({ location }) => location);
    expect(locations({ otherLocations: [near!, far!] })).toEqual([near]);
    expect(locations({ otherLocations: [near!, far!], isAtDestination: true })).toEqual([
      undefined,
      near,
    ]);
    expect(locations({ isAtDestination: true })).toEqual([undefined]);
    const [candidate] = stepFor([[layer, { otherLocations: [near!] }]], "preserve").candidates;
    expect(candidate?.blob.digest).toBe(layer);
  });

  test("apply to its compressed forms as well", () => {
    const known = [
      [layer, { compressed }],
      [gzip, { otherLocations: [far!] }],
    ] as const;
    expect(stepFor(known, "compress").candidates).toMatchObject([
      { blob: { digest: gzip }, compression: "gzip", location: far },
    ]);
  });
});
