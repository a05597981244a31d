import { describe, expect, test } from "vitest";

import type { LayerCompressor } from "../../src/compression/layer-compressor.ts";
import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { Signature } from "../../src/contract/signature.ts";
import type { CopyFacts } from "../../src/copy/copy-facts.ts";
import type { PlanOptions } from "../../src/copy/copy-options.ts";
import type { BlobStep, ManifestStep } from "../../src/copy/copy-plan.ts";
import { formatPlan } from "../../src/copy/format-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { arm, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { sampleDecrypter, sampleEncrypter } from "./sample-encryption.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const encrypter = sampleEncrypter();
const all: PlanOptions = { encryption: { encrypter } };
const gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
const encryptedLayers = { layerType: `${gzip}+encrypted` };
const three = sampleImage({ layers: ["a", "b", "c"] });

function only(...layers: readonly number[]): PlanOptions {
  return { encryption: { encrypter, layers } };
}

/** The transforms of the layers, in order: `-` for none. */
function transformsIn(facts: CopyFacts, options: PlanOptions): string {
  return planCopy(facts, options)
    .steps.filter((step): step is BlobStep => step.kind === "blob" && !step.isConfig)
    .map(({ transform }) => {
      if (transform.kind !== "layer") return "-";
      const { decrypt, compression, encrypt } = transform;
      const parts = [decrypt && "decrypt", compression?.kind, encrypt && "encrypt"];
      return parts.filter(Boolean).join("+");
    })
    .join(" ");
}

describe("layers are encrypted", () => {
  test.each<[string, SampleImage, Partial<DestinationAccepts>, PlanOptions, string]>([
    ["all", three, {}, all, "encrypt encrypt encrypt"],
    [
      "by default, and as `all`",
      three,
      {},
      { encryption: { encrypter, layers: "all" } },
      "encrypt encrypt encrypt",
    ],
    ["the first", three, {}, only(0), "encrypt - -"],
    ["the last", three, {}, only(-1), "- - encrypt"],
    ["one from both ends", three, {}, only(2, -3, 0), "encrypt - encrypt"],
    ["none of those that are already", sampleImage(encryptedLayers), {}, all, "- -"],
    [
      "after they are compressed",
      sampleImage({ layerType: "application/vnd.oci.image.layer.v1.tar" }),
      { layers: "compress" },
      all,
      "compress+encrypt compress+encrypt",
    ],
    [
      "of a Docker image",
      sampleImage({ manifestType: mediaTypes.dockerManifest }),
      {},
      all,
      "encrypt encrypt",
    ],
  ])("%s", (_, image, accepts, options, expected) => {
    expect(transformsIn(copyFacts(factsOf(image), accepts), options)).toBe(expected);
  });

  test("with the base format of a compressor, whose annotations would describe their content", () => {
    const facts = copyFacts(factsOf(three), { layers: "compress" });
    const compressor: LayerCompressor = {
      name: "indexed",
      baseFormat: "zstd",
      annotation: "example.index",
      compress: () => {
        throw new Error("not executed");
      },
    };
    const options = { ...only(0), compressors: [compressor] };
    const compression = { format: "indexed" };
    const steps = planCopy(facts, { ...options, compression }).steps as readonly BlobStep[];
    expect(steps[0]?.transform).toMatchObject({ compression: { format: "zstd" }, encrypt: true });
    expect(steps[0]?.transform).not.toHaveProperty("compression.compressor");
    expect(steps[1]?.transform).toHaveProperty("compression.compressor.name", "indexed");
    expect(() =>
      planCopy(facts, { ...options, compression: { ...compression, force: true } }),
    ).toThrow(expect.objectContaining({ code: "impossible-copy" }));
  });

  test("without reuse, cached forms or a planned digest", () => {
    const digests = [...three.blobs.keys()];
    const cachedBlobs = new Map(
      digests.map((digest) => [
        digest,
        { compressed: [], isAtDestination: true, otherLocations: [] },
      ]),
    );
    const plan = planCopy(copyFacts(factsOf(three), {}, { cachedBlobs }), only(1));
    const [first, second] = plan.steps as readonly BlobStep[];
    expect(first?.candidates).toHaveLength(1);
    expect(second).toMatchObject({ candidates: [], digest: undefined });
    expect(plan.digest).toBe(undefined);
  });

  test("in an OCI manifest, also of each instance of a Docker list", () => {
    const docker = { manifestType: mediaTypes.dockerManifest };
    const instances = [sampleImage(docker), sampleImage({ ...docker, platform: arm })];
    const facts = copyFacts(factsOf(sampleIndex(instances, mediaTypes.dockerList)));
    const manifests = planCopy(facts, only(-1)).steps.filter(
      (step): step is ManifestStep => step.kind === "manifest",
    );
    const { ociManifest, ociIndex } = mediaTypes;
    expect(manifests.map(({ mediaType }) => mediaType)).toEqual([
      ociManifest,
      ociManifest,
      ociIndex,
    ]);
    expect(manifests.map((step) => step.encryptedLayers)).toEqual([[1], [1], undefined]);
    expect(manifests.flatMap(({ fallbacks }) => fallbacks)).toEqual([]);
    expect(manifests[0]?.reason).toBe(
      `encrypted layers need ${ociManifest} and a layer is encrypted`,
    );
  });

  test("once encrypted and once not, if two images list them at different positions", () => {
    const instances = [
      sampleImage({ layers: ["shared", "x"] }),
      sampleImage({ layers: ["y", "shared"], platform: arm }),
    ];
    const facts = copyFacts(factsOf(sampleIndex(instances)));
    expect(transformsIn(facts, only(-1))).toBe("- encrypt - encrypt");
  });

  test("and the plan is plain data with the change", () => {
    const plan = planCopy(copyFacts(factsOf(three)), only(0));
    expect(JSON.parse(JSON.stringify(plan.steps[0]))).toMatchObject({
      transform: { kind: "layer", encrypt: true },
    });
    expect(formatPlan(plan)).toContain("to encrypt): the layer is to be encrypted");
  });
});

describe("layers are decrypted", () => {
  const decryption = sampleDecrypter;

  test.each<[string, SampleImage, Partial<DestinationAccepts>, string]>([
    ["if they are encrypted", sampleImage(encryptedLayers), {}, "decrypt decrypt"],
    ["and others stay as they are", three, {}, "- - -"],
    [
      "before they are decompressed",
      sampleImage(encryptedLayers),
      { layers: "decompress" },
      "decrypt+decompress decrypt+decompress",
    ],
  ])("%s", (_, image, accepts, expected) => {
    expect(transformsIn(copyFacts(factsOf(image), accepts), { decryption })).toBe(expected);
  });

  test("for a destination of Docker images", () => {
    const facts = copyFacts(factsOf(sampleImage(encryptedLayers)), {
      manifestMIMETypes: [mediaTypes.dockerManifest],
    });
    expect(() => planCopy(facts)).toThrow(expect.objectContaining({ code: "impossible-copy" }));
    expect(transformsIn(facts, { decryption })).toBe("decrypt decrypt");
  });
});

describe("is impossible", () => {
  const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };
  const external = sampleImage({
    extra: {
      layers: [
        {
          mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
          digest: three.manifest.digest,
          size: 1,
          urls: ["https://example.com/layer"],
        },
      ],
    },
  });
  const artifact = sampleImage({ configType: "application/vnd.example+json" });
  const attestation = sampleImage({ layerType: "application/vnd.in-toto+json" });
  const signed = (image: SampleImage) => copyFacts(factsOf(image, [signature]));
  const facts = copyFacts(factsOf(three));
  const foreignLayerURLs = { foreignLayerURLs: true };
  const toDocker = { manifestMIMETypes: [mediaTypes.dockerManifest] };
  const decryption = sampleDecrypter;

  test.each<[string, CopyFacts, PlanOptions, string]>([
    ["to encrypt a layer that does not exist", facts, only(3), "no layer 3"],
    ["to encrypt a layer before the first", facts, only(-4), "no layer -4"],
    ["to encrypt half a layer", facts, only(0.5), "no layer 0.5"],
    ["to encrypt no layer", facts, only(), "at least one"],
    [
      "to encrypt and add variants, which would be readable",
      copyFacts(factsOf(sampleIndex([three]))),
      { ...all, ensureCompressionVariantsExist: [{ format: "zstd" }] },
      "variants",
    ],
    ["to decrypt and encrypt", facts, { ...all, decryption }, "decrypt and encrypt"],
    [
      "to encrypt in Docker's format",
      facts,
      { ...all, manifestMIMEType: mediaTypes.dockerManifest },
      "--format oci",
    ],
    ["to encrypt for Docker", copyFacts(factsOf(three), toDocker), all, "does not accept"],
    ["to encrypt a signed image", signed(three), all, "break its signatures"],
    [
      "to decrypt a signed image",
      signed(sampleImage(encryptedLayers)),
      { decryption },
      "break its",
    ],
    ["to encrypt and preserve", facts, { ...all, preserveDigests: true }, "preserved"],
    ["to encrypt an artifact", copyFacts(factsOf(artifact)), all, "artifact"],
    ["to encrypt an attestation", copyFacts(factsOf(attestation)), all, "--encrypt-layer"],
    [
      "to encrypt a layer that is not copied",
      copyFacts(factsOf(external), foreignLayerURLs),
      only(0),
      "external",
    ],
  ])("%s", (_, copied, options, message) => {
    expect(() => planCopy(copied, options)).toThrow(
      expect.objectContaining({
        code: "impossible-copy",
        message: expect.stringContaining(message),
      }),
    );
  });

  test("but `all` leaves out external layers, and encrypts them if they are copied", () => {
    const copied = copyFacts(factsOf(external), foreignLayerURLs);
    expect(transformsIn(copied, all)).toBe("");
    expect(transformsIn(copied, { ...all, downloadForeignLayers: true })).toBe("encrypt");
  });
});
