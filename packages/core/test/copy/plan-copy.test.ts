import { describe, expect, test } from "vitest";

import type { Signature } from "../../src/contract/signature.ts";
import type { CopyFacts } from "../../src/copy/copy-facts.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";
import { copyFacts, factsOf, kinds } from "./sample-facts.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList, dockerSchema1Signed } = mediaTypes;
const plainLayer = "application/vnd.oci.image.layer.v1.tar";
const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };

const impossible = expect.objectContaining({ code: "impossible-copy" }) as Error;

describe("a plan", () => {
  test("has blobs, manifests and a commit, in this order", () => {
    const image = sampleImage();
    const plan = planCopy(copyFacts(factsOf(image)));
    expect(kinds(plan)).toBe("layer preserve, layer preserve, config, top, commit");
    expect(plan.digest).toBe(image.manifest.digest);
  });

  test("has each blob once, even if several instances reference it", () => {
    const index = sampleIndex([
      sampleImage({ layers: ["a", "b"] }),
      sampleImage({ layers: ["b", "a", "c", "a"], platform: arm }),
    ]);
    const plan = planCopy(copyFacts(factsOf(index)));
    expect(kinds(plan)).toBe(
      "layer preserve, layer preserve, config, layer preserve, config, instance, instance, top, commit",
    );
  });

  test("does nothing if everything exists", () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const all = [index, ...index.instances].map(({ manifest }) => manifest.digest);
    const facts = (present: typeof all): CopyFacts =>
      copyFacts(
        factsOf(index),
        {},
        { currentDigest: index.manifest.digest, present: new Set(present) },
      );
    expect(planCopy(facts(all)).steps).toEqual([]);
    expect(planCopy(facts(all.slice(0, 2))).steps).not.toEqual([]);
    expect(planCopy(facts(all.slice(1))).steps).not.toEqual([]);
  });

  test("renames an existing image if the reference names another image, or none", () => {
    const image = sampleImage();
    const { digest } = image.manifest;
    const other = sampleImage({ layers: ["other"] }).manifest.digest;
    for (const currentDigest of [other, undefined]) {
      const facts = copyFacts(factsOf(image), {}, { currentDigest, present: new Set([digest]) });
      expect(planCopy(facts).steps).not.toEqual([]);
    }
  });

  test("writes an existing image if it has signatures, or another format is requested", () => {
    const image = sampleImage();
    const { digest } = image.manifest;
    const more = { currentDigest: digest, present: new Set([digest]) };
    expect(planCopy(copyFacts(factsOf(image, [signature]), {}, more)).steps).not.toEqual([]);
    const facts = copyFacts(factsOf(image), {}, more);
    expect(planCopy(facts, { manifestMIMEType: dockerManifest }).steps).not.toEqual([]);
  });

  test("only names an image that exists under another name", () => {
    const image = sampleImage();
    const { digest } = image.manifest;
    const plan = planCopy(copyFacts(factsOf(image), {}, { reusable: new Set([digest]) }));
    expect(kinds(plan)).toBe("top, commit");
    expect(plan.steps[0]?.reason).toBe("the destination has all of its blobs");
    expect(plan.reused).toHaveLength(3);
    expect(formatPlan(plan)).toContain(
      "3 blobs already exist with their manifest; 0 blobs, at most 0 B;",
    );
    const packed = copyFacts(factsOf(image), {}, { reusable: new Set([digest]) });
    expect(kinds(planCopy(packed, { manifestMIMEType: dockerManifest }))).toBe(
      "layer preserve, layer preserve, config, top, commit",
    );
  });

  test("copies only missing instances, with the layers that they share", () => {
    const index = sampleIndex([
      sampleImage({ layers: ["a", "b"] }),
      sampleImage({ layers: ["b", "c"], platform: arm }),
    ]);
    const digests = [index.manifest, index.instances[0]?.manifest].map((one) => one?.digest ?? "");
    const reusable = new Set(digests) as CopyFacts["reusable"];
    const plan = planCopy(copyFacts(factsOf(index), {}, { reusable }));
    expect(kinds(plan)).toBe("layer preserve, layer preserve, config, instance, top, commit");
    expect(plan.reused).toHaveLength(2);
    expect(plan.steps.at(-3)).toMatchObject({ raw: index.instances[1]?.manifest });
  });

  test("writes an existing signed instance for its signatures", () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const [first, second] = index.instances;
    if (first === undefined || second === undefined) throw new Error("has two instances");
    const top = {
      ...factsOf(index),
      instances: [factsOf(first, [signature]), factsOf(second)],
    };
    const reusable = new Set([first.manifest.digest, second.manifest.digest]);
    const plan = planCopy(copyFacts(top, {}, { reusable }));
    const instances = plan.steps.filter((step) => step.kind === "manifest" && step.isInstance);
    expect(instances).toMatchObject([{ raw: first.manifest }]);
    expect(plan.steps.at(-2)).toMatchObject({
      kind: "signatures",
      manifest: first.manifest.digest,
      isInstance: true,
      signatures: [signature],
    });
  });

  test("omits instances that are not selected, or keeps the index unchanged", () => {
    const index = sampleIndex([sampleImage(), sampleImage({ platform: arm })]);
    const whole = factsOf(index);
    const facts = copyFacts({ ...whole, instances: [whole.instances[0], undefined] });
    const stripped = planCopy(facts);
    expect(kinds(stripped)).toBe("layer preserve, layer preserve, config, instance, top, commit");
    expect(stripped.digest).not.toBe(index.manifest.digest);
    expect(stripped.steps.at(-2)).toMatchObject({ omitted: [index.instances[1]?.manifest.digest] });
    const sparse = planCopy(facts, { missingInstances: "keep" });
    expect(sparse.digest).toBe(index.manifest.digest);
    expect(() => planCopy(facts, { preserveDigests: true })).toThrow(impossible);
    expect(planCopy(facts, { preserveDigests: true, missingInstances: "keep" }).digest).toBe(
      sparse.digest,
    );
  });

  test("cannot preserve digests if manifests are generated", () => {
    const facts = copyFacts(factsOf(sampleImage()), { preservesManifests: false });
    expect(planCopy(facts).steps).not.toEqual([]);
    expect(() => planCopy(facts, { preserveDigests: true })).toThrow(impossible);
  });

  test("does not copy foreign layers, if both sides agree", () => {
    const foreign = sampleImage({ layers: ["a"] });
    const text = Buffer.from(foreign.manifest.bytes).toString();
    const bytes = Buffer.from(
      text.replace('"layers": [\n      {', '"layers": [ { "urls": ["https://x"],'),
    );
    const top = { ...factsOf(foreign), manifest: parseManifest({ bytes }) };
    expect(kinds(planCopy(copyFacts(top, { foreignLayerURLs: true })))).toBe("config, top, commit");
    expect(kinds(planCopy(copyFacts(top)))).toBe("layer preserve, config, top, commit");
    const downloaded = planCopy(copyFacts(top, { foreignLayerURLs: true }), {
      downloadForeignLayers: true,
    });
    expect(kinds(downloaded)).toBe("layer preserve, config, top, commit");
  });
});

describe("layers", () => {
  test.each([
    ["compress", plainLayer, "layer compress?, config, top?, commit"],
    ["compress", `${plainLayer}+gzip`, "layer compress, config, top, commit"],
    ["decompress", `${plainLayer}+gzip`, "layer decompress?, config, top?, commit"],
    ["decompress", plainLayer, "layer decompress, config, top, commit"],
    ["compress", `${plainLayer}+gzip+encrypted`, "layer preserve, config, top, commit"],
    ["preserve", plainLayer, "layer preserve, config, top, commit"],
  ] as const)("that are to %s and are %s", (layers, layerType, expected) => {
    const image = sampleImage({ layers: ["a"], layerType });
    expect(kinds(planCopy(copyFacts(factsOf(image), { layers })))).toBe(expected);
  });

  test("are decompressed for a destination of uncompressed layers", () => {
    const image = sampleImage({ layers: ["a"], layerType: `${plainLayer}+zstd` });
    const accepts = { layers: "decompress", manifestMIMETypes: [dockerManifest] } as const;
    const plan = planCopy(copyFacts(factsOf(image), accepts));
    expect(kinds(plan)).toBe("layer decompress?, config, top?, commit");
  });

  test.each([
    ["digests are to be preserved", {}, { preserveDigests: true }, []],
    ["the image is signed", {}, {}, [signature]],
  ] as const)("are not recompressed if %s", (_, more, options, signatures) => {
    const image = sampleImage({ layers: ["a"], layerType: plainLayer });
    const plan = planCopy(
      copyFacts(factsOf(image, signatures), { layers: "compress" }, more),
      options,
    );
    expect(kinds(plan)).toMatch(/^layer preserve, config, top,/);
  });

  test("are not recompressed if the destination contains the digest, including instances of an index", () => {
    const index = sampleIndex([sampleImage({ layers: ["a"], layerType: plainLayer })]);
    const pinned = { pinned: index.manifest.digest };
    const plan = planCopy(copyFacts(factsOf(index), { layers: "compress" }, pinned));
    expect(kinds(plan)).toBe("layer preserve, config, instance, top, commit");
  });

  test.each([
    ["generated", true, "layer compress?, config, top?, commit"],
    ["stored", false, "layer preserve, config, top, commit"],
  ])("of a %s manifest may be transformed differently", (_, generatesManifests, expected) => {
    const image = sampleImage({ layers: ["a"], layerType: plainLayer });
    const offers = { parallelBlobs: 6, ranges: true, generatesManifests };
    const facts = copyFacts(factsOf(image), { generatedLayers: "compress" }, { offers });
    expect(kinds(planCopy(facts))).toBe(expected);
    const zstd = planCopy(facts, { compression: "zstd" });
    expect(kinds(zstd)).toBe(expected.replace("compress", "zstd"));
  });

  test.each([
    ["first", false],
    ["last", true],
  ])("that another image needs unchanged are preserved, planned %s", (_, isLast) => {
    const parts = { layers: ["a"], layerType: plainLayer };
    const images = [sampleImage(parts), sampleImage({ ...parts, configType: "a/config" })];
    const index = sampleIndex(isLast ? images : images.toReversed());
    const plan = planCopy(copyFacts(factsOf(index), { layers: "compress" }));
    const blobs = plan.steps.filter((step) => step.kind === "blob");
    const layers = blobs.filter(({ isConfig }) => !isConfig);
    expect(layers).toMatchObject([
      { transform: { kind: "preserve" }, digest: layers[0]?.blob.digest },
    ]);
  });

  test("that are preserved need no other manifest for zstd", () => {
    const image = sampleImage({ manifestType: dockerManifest });
    const plan = planCopy(copyFacts(factsOf(image)), { compression: "zstd" });
    expect(plan.digest).toBe(image.manifest.digest);
  });

  test("of artifacts are never recompressed", () => {
    const artifact = sampleImage({ layers: ["a"], layerType: plainLayer, configType: "a/config" });
    expect(kinds(planCopy(copyFacts(factsOf(artifact), { layers: "compress" })))).toMatch(
      /^layer preserve,/,
    );
  });
});

describe("manifest types", () => {
  const docker = { manifestType: dockerManifest };

  test("stay if the destination accepts them", () => {
    const accepts = { manifestMIMETypes: [ociManifest, ociIndex, dockerManifest] };
    const plan = planCopy(copyFacts(factsOf(sampleImage(docker)), accepts));
    expect(plan.steps.at(-2)).toMatchObject({ mediaType: dockerManifest });
  });

  test.each([[undefined], [[]]])("stay if the destination accepts any: %j", (manifestMIMETypes) => {
    for (const image of [sampleImage(docker), sampleImage(), sampleIndex([sampleImage()])]) {
      const plan = planCopy(copyFacts(factsOf(image), { manifestMIMETypes }));
      expect(plan.digest).toBe(image.manifest.digest);
    }
  });

  test("stay if the destination accepts any, and can be converted to others", () => {
    for (const manifestMIMETypes of [undefined, []]) {
      const index = sampleIndex([sampleImage(), sampleImage({ ...docker, platform: arm })]);
      const plan = planCopy(copyFacts(factsOf(index), { manifestMIMETypes }));
      const manifests = plan.steps.filter((step) => step.kind === "manifest");
      expect(manifests).toMatchObject([
        { mediaType: ociManifest, fallbacks: [dockerManifest, dockerSchema1Signed] },
        { mediaType: dockerManifest, fallbacks: [ociManifest, dockerSchema1Signed] },
        { mediaType: ociIndex, fallbacks: [dockerList] },
      ]);
    }
  });

  test.each([
    ["the digest is preserved", sampleImage(), [], { preserveDigests: true }],
    ["it is signed", sampleImage(), [signature], {}],
    ["a type is asked for", sampleImage(), [], { manifestMIMEType: ociManifest }],
    ["it is an artifact", sampleImage({ configType: "a/config" }), [], {}],
  ] as const)("have no fallback where %s", (_, image, signatures, options) => {
    const plan = planCopy(copyFacts(factsOf(image, signatures)), options);
    const [manifest] = plan.steps.filter((step) => step.kind === "manifest");
    expect(manifest).toMatchObject({ mediaType: ociManifest, fallbacks: [] });
  });

  test("are converted to an accepted one, also in an index, and the plan contains the reason", () => {
    const index = sampleIndex([sampleImage(docker)], dockerList);
    const accepts = { manifestMIMETypes: [ociManifest, ociIndex] };
    const plan = planCopy(copyFacts(factsOf(index), accepts));
    const manifests = plan.steps.filter((step) => step.kind === "manifest");
    expect(manifests.map(({ mediaType }) => mediaType)).toEqual([ociManifest, ociIndex]);
    expect(formatPlan(plan)).toContain("does not accept");
    expect(formatPlan(plan)).toContain(index.manifest.digest);
    expect(formatPlan(plan)).toContain("only known after the copy");
  });

  test("converted to Docker's keep their config, so their digest is known in advance", () => {
    const index = sampleIndex([sampleImage()]);
    const accepts = { manifestMIMETypes: [dockerManifest, dockerList] };
    const plan = planCopy(copyFacts(factsOf(index), accepts));
    expect(kinds(plan)).toBe("layer preserve, layer preserve, config, instance, top, commit");
    expect(formatPlan(plan)).toContain(
      `the digest changes from ${index.manifest.digest} to ${plan.digest}`,
    );
  });

  test("converted to OCI have a converted config, once for all images that share it", () => {
    const index = sampleIndex([
      sampleImage({ ...docker, layers: ["a"] }),
      sampleImage({ ...docker, layers: ["b"] }),
    ]);
    const plan = planCopy(copyFacts(factsOf(index)), { manifestMIMEType: ociManifest });
    const [config, ...others] = plan.steps.filter((step) => step.kind === "blob" && step.isConfig);
    expect(others).toEqual([]);
    expect(config).toMatchObject({
      transform: { kind: "oci-config" },
      digest: undefined,
      candidates: [],
    });
    expect(plan.digest).toBeUndefined();
    expect(formatPlan(plan)).toContain("to convert to OCI");
  });

  test("are converted to the requested type", () => {
    const facts = copyFacts(factsOf(sampleIndex([sampleImage()])));
    const plan = planCopy(facts, { manifestMIMEType: dockerManifest });
    const manifests = plan.steps.filter((step) => step.kind === "manifest");
    expect(manifests.map(({ mediaType }) => mediaType)).toEqual([dockerManifest, dockerList]);
  });

  test.each([
    ["the image is signed", [signature], {}, {}],
    ["digests are to be preserved", [], { preserveDigests: true }, {}],
  ] as const)("cannot change where %s", (_, signatures, options, more) => {
    const facts = copyFacts(factsOf(sampleImage(), signatures), {}, more);
    expect(() => planCopy(facts, { ...options, manifestMIMEType: dockerManifest })).toThrow(
      impossible,
    );
  });

  test("of artifacts cannot change", () => {
    const artifact = sampleImage({ configType: "a/config" });
    const facts = copyFacts(factsOf(artifact), { manifestMIMETypes: [dockerManifest] });
    expect(() => planCopy(facts)).toThrow(impossible);
  });

  test("that are requested must be accepted by the destination", () => {
    const facts = copyFacts(factsOf(sampleImage()), { manifestMIMETypes: [dockerManifest] });
    expect(() => planCopy(facts, { manifestMIMEType: ociManifest })).toThrow(impossible);
  });

  test("of an index need a destination that supports indexes", () => {
    const facts = copyFacts(factsOf(sampleIndex([])), { manifestMIMETypes: [dockerManifest] });
    expect(() => planCopy(facts)).toThrow(impossible);
  });
});

describe("impossible copies are rejected before anything is written:", () => {
  test("signatures that the destination cannot store, anywhere in an index", () => {
    const index = sampleIndex([sampleImage()]);
    const [instance] = index.instances.map((one) => factsOf(one, [signature]));
    const facts = copyFacts(
      { ...factsOf(index), instances: [instance] },
      { signatures: "they are not supported" },
    );
    expect(() => planCopy(facts)).toThrow(impossible);
    expect(() => planCopy(facts)).toThrow("they are not supported");
  });

  test("a digest of the source in any algorithm is accepted", () => {
    const image = sampleImage();
    const pinned = digestOf(image.manifest.bytes, "sha512");
    expect(planCopy(copyFacts(factsOf(image), {}, { pinned })).digest).toBe(image.manifest.digest);
  });

  test("a digest that the source does not have", () => {
    const pinned = sampleImage({ layers: ["other"] }).manifest.digest;
    expect(() => planCopy(copyFacts(factsOf(sampleImage()), {}, { pinned }))).toThrow(impossible);
  });
});

describe("a blob with two sizes is rejected", () => {
  const named = (size: number): object => ({
    mediaType: plainLayer,
    digest: digestOf(Buffer.from("one")),
    size,
  });
  const refused = expect.objectContaining({ code: "invalid-manifest" });

  test("in one manifest", () => {
    const image = sampleImage({ extra: { layers: [named(3), named(5)] } });
    expect(() => planCopy(copyFacts(factsOf(image)))).toThrow(refused);
  });

  test("as config and layer", () => {
    const config = { ...named(4), mediaType: mediaTypes.ociConfig };
    const image = sampleImage({ extra: { config, layers: [named(3)] } });
    expect(() => planCopy(copyFacts(factsOf(image)))).toThrow(refused);
  });

  test("in two instances of an index", () => {
    const instances = [3, 5].map((size) => sampleImage({ extra: { layers: [named(size)] } }));
    expect(() => planCopy(copyFacts(factsOf(sampleIndex(instances))))).toThrow(refused);
  });

  test("but not with one size in two descriptors", () => {
    const image = sampleImage({ extra: { layers: [named(3), named(3)] } });
    expect(planCopy(copyFacts(factsOf(image))).digest).toBe(image.manifest.digest);
  });
});

test("a formatted plan has the maximum cost and the change of the digest, then one line for each step", () => {
  const facts = copyFacts(factsOf(sampleImage({ layers: ["a".repeat(1500)] })), {
    requests: { perBlob: 3, perManifest: 1 },
  });
  const lines = formatPlan(planCopy(facts)).trimEnd().split("\n");
  expect(lines[0]).toBe("Copy memory:a to memory:b");
  expect(lines).toHaveLength(1 + 4 + 2);
  expect(lines[1]).toContain("2 blobs, at most 1.6 kB, at most 7 requests");
  expect(lines[2]).toContain("no digest changes");
  expect(lines[3]).toContain("1.5 kB");
  const toNew = formatPlan(planCopy({ ...facts, isNew: true })).split("\n");
  expect(toNew[1]).toMatch(
    /^ {2}sends 2 blobs, 1\.6 kB, and 1 manifest to a new location, at most 7/,
  );
});
