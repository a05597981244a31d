import { describe, expect, test } from "vitest";

import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import type { Signature } from "../../src/contract/signature.ts";
import type { CopyFacts, ManifestFacts } from "../../src/copy/copy-facts.ts";
import type { PlanOptions } from "../../src/copy/copy-options.ts";
import type { CopyPlan, ManifestStep } from "../../src/copy/copy-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { digestOf } from "../../src/names/digest.ts";
import { arm, rawManifest, sampleImage, sampleIndex } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { schema1Sample } from "../schema1/sample-schema1.ts";
import { copyFacts, factsOf, kinds } from "./sample-facts.ts";

/** A decision of containers/image (`copy.Image`), and the plan that follows from it here. */
interface Rule {
  readonly rule: string;
  /** Why the plan differs from what containers/image does. */
  readonly differs?: string;
  readonly facts: CopyFacts;
  readonly options?: PlanOptions;
  /** The steps of the plan. */
  readonly plan?: string;
  /** The error, if there is no plan. */
  readonly error?: object;
  /** The media types of the written manifests. Default: those of the source. */
  readonly types?: readonly string[];
  /** Whether the destination gets the manifest of the source. */
  readonly keepsDigest?: boolean;
}

const { ociManifest, ociIndex, dockerManifest, dockerList, dockerSchema1Signed } = mediaTypes;
const tar = "application/vnd.oci.image.layer.v1.tar";
const dockerTar = "application/vnd.docker.image.rootfs.diff.tar";

const image = sampleImage({ layers: ["a"] });
const docker = sampleImage({ layers: ["a"], manifestType: dockerManifest });
const plain = sampleImage({ layers: ["a"], layerType: tar });
const artifact = sampleImage({ layers: ["a"], configType: "a/config", layerType: "a/layer" });
const noLayers = sampleImage({ layers: [] });
const index = sampleIndex([image, sampleImage({ layers: ["a"], platform: arm })]);
const nested = sampleIndex([sampleIndex([image])]);
const schema1 = schema1Sample();
const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };

const dockerOnly = { manifestMIMETypes: [dockerManifest, dockerList] };
const ociOnly = { manifestMIMETypes: [ociManifest, ociIndex] };
const copied = "layer preserve, config, top, commit";
const copiedIndex = "layer preserve, config, config, instance, instance, top, commit";

function of(
  source: SampleImage | ManifestFacts,
  accepts: Partial<DestinationAccepts> = {},
  more: Partial<CopyFacts> = {},
): CopyFacts {
  return copyFacts("raw" in source ? source : factsOf(source), accepts, more);
}

/** The facts of an index if only its first instance is copied. */
function partOf(whole: SampleImage): ManifestFacts {
  const facts = factsOf(whole);
  return { ...facts, instances: facts.instances.map((one, at) => (at === 0 ? one : undefined)) };
}

function schema1Facts(): ManifestFacts {
  const layers = schema1.layers.map((digest) => ({
    digest,
    mediaType: `${dockerTar}.gzip`,
    size: schema1.blobs.get(digest)?.byteLength ?? 0,
  }));
  const [base, top] = layers;
  if (base === undefined || top === undefined) throw new Error("has two layers");
  // The layer of the step without content is empty.
  const empty = [...schema1.blobs].find(([digest]) => !schema1.layers.includes(digest));
  if (empty === undefined) throw new Error("has an empty layer");
  const [digest, bytes] = empty;
  const throwaway = { digest, mediaType: `${dockerTar}.gzip`, size: bytes.byteLength };
  return { ...factsOf(schema1), layers: [base, throwaway, top] };
}

const foreign = sampleImage({
  extra: {
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        digest: digestOf(Buffer.from("far")),
        size: 3,
        urls: ["https://example.com/far"],
      },
    ],
  },
});

const rules: Readonly<Record<string, readonly Rule[]>> = {
  "a list": [
    { rule: "is copied with its images", facts: of(index), plan: copiedIndex, keepsDigest: true },
    {
      rule: "in a list",
      differs: "which rejects nested lists; the OCI specification allows them",
      facts: of(nested),
      plan: "layer preserve, config, instance, instance, top, commit",
      keepsDigest: true,
    },
    {
      rule: "is not written if one of its images is chosen",
      facts: of(image, {}, { sourceDigest: index.manifest.digest }),
      plan: copied,
      keepsDigest: true,
    },
    {
      rule: "needs a destination of lists",
      facts: of(index, { manifestMIMETypes: [ociManifest] }),
      error: fails("it accepts only single images; copy one of them"),
    },
    {
      rule: "whose images do not change keeps its bytes",
      facts: of(sampleIndex([image], ociIndex, { unknown: 1 })),
      plan: "layer preserve, config, instance, top, commit",
      keepsDigest: true,
    },
    {
      rule: "that the destination does not take becomes the other type of list",
      facts: of(index, dockerOnly),
      plan: copiedIndex,
      types: [dockerManifest, dockerManifest, dockerList],
      keepsDigest: false,
    },
    {
      rule: "is converted with its images where a type is forced",
      facts: of(sampleIndex([image])),
      options: { manifestMIMEType: dockerManifest },
      plan: "layer preserve, config, instance, top, commit",
      types: [dockerManifest, dockerList],
      keepsDigest: false,
    },
    {
      rule: "that must not change, but has images that do, is an error",
      facts: of({ ...factsOf(sampleIndex([image])), signatures: [signature] }, dockerOnly),
      error: fails("that would break its signatures (set removeSignatures to allow it)"),
    },
    {
      rule: "loses the images that are not copied",
      facts: of(partOf(index)),
      plan: "layer preserve, config, instance, top, commit",
      keepsDigest: false,
    },
    {
      rule: "that must not change cannot lose images",
      facts: of(partOf(index)),
      options: { preserveDigests: true },
      error: fails("; copy all of them, or keep the index"),
    },
    {
      rule: "may keep entries for images that are not copied",
      facts: of(partOf(index)),
      options: { missingInstances: "keep" },
      plan: "layer preserve, config, instance, top, commit",
      keepsDigest: true,
    },
  ],
  "a digest in the destination": [
    {
      rule: "must be that of the image",
      facts: of(image, {}, { pinned: docker.manifest.digest }),
      error: fails(
        `requires the digest ${docker.manifest.digest}, but the source has ${image.manifest.digest}; correct the digest`,
      ),
    },
    {
      rule: "must be that of a list which is copied",
      facts: of(index, {}, { pinned: image.manifest.digest }),
      error: fails(`requires the digest ${image.manifest.digest}`),
    },
    {
      rule: "that is the list's is not that of an image in it",
      differs: "which accepts it, and writes a manifest under the digest of another",
      facts: of(image, {}, { pinned: index.manifest.digest, sourceDigest: index.manifest.digest }),
      error: fails("; copy the whole index"),
    },
    {
      rule: "may be that of the image with another algorithm",
      facts: of(image, {}, { pinned: digestOf(image.manifest.bytes, "sha512") }),
      plan: copied,
      keepsDigest: true,
    },
    {
      rule: "with another algorithm must be that of the image",
      facts: of(image, {}, { pinned: digestOf(docker.manifest.bytes, "sha512") }),
      error: fails("requires the digest sha512:"),
    },
    {
      rule: "forbids changes",
      facts: of(image, dockerOnly, { pinned: image.manifest.digest }),
      error: fails("but the destination is named by a digest"),
    },
    {
      rule: "forbids compression",
      facts: of(plain, { layers: "compress" }, { pinned: plain.manifest.digest }),
      plan: copied,
      keepsDigest: true,
    },
  ],
  signatures: [
    {
      rule: "that the destination cannot store fail before anything is copied",
      facts: of(factsOf(image, [signature]), { signatures: "there are none here" }),
      error: fails("there are none here; to copy it without them, set removeSignatures"),
    },
    {
      rule: "are written after the manifest",
      facts: of(factsOf(image, [signature])),
      plan: "layer preserve, config, top, signatures, commit",
      keepsDigest: true,
    },
    {
      rule: "forbid compression",
      facts: of(factsOf(plain, [signature]), { layers: "compress" }),
      plan: "layer preserve, config, top, signatures, commit",
      keepsDigest: true,
    },
  ],
  "the reason against a change": [
    {
      rule: "is preserveDigests rather than a digest in the destination",
      facts: of(factsOf(image, [signature]), dockerOnly, { pinned: image.manifest.digest }),
      options: { preserveDigests: true },
      error: fails("but digests are to be preserved"),
    },
    {
      rule: "is a digest in the destination rather than signatures",
      facts: of(factsOf(image, [signature]), dockerOnly, { pinned: image.manifest.digest }),
      error: fails("but the destination is named by a digest"),
    },
    {
      rule: "is signatures last",
      facts: of(factsOf(image, [signature]), dockerOnly),
      error: fails("but that would break its signatures"),
    },
  ],
  "the type of a manifest": [
    { rule: "stays where the destination takes it", facts: of(docker), plan: copied },
    {
      rule: "becomes schema 2, whatever the destination prefers",
      facts: of(image, { manifestMIMETypes: [dockerSchema1Signed, dockerManifest] }),
      plan: copied,
      types: [dockerManifest],
    },
    {
      rule: "becomes OCI with another config",
      facts: of(docker, ociOnly),
      plan: "layer preserve, config, top?, commit",
      types: [ociManifest],
    },
    {
      rule: "is the forced one",
      facts: of(image),
      options: { manifestMIMEType: dockerManifest },
      plan: copied,
      types: [dockerManifest],
    },
    {
      rule: "that is forced must be one that the destination takes",
      differs: "which tries it",
      facts: of(image, ociOnly),
      options: { manifestMIMEType: dockerManifest },
      error: fails("the destination does not accept that type"),
    },
    {
      rule: "must be OCI for zstd",
      facts: of(docker, { layers: "compress" }),
      options: { compression: "zstd" },
      plan: "layer zstd?, config, top?, commit",
      types: [ociManifest],
    },
    {
      rule: "cannot be schema 2 with layers of zstd",
      facts: of(sampleImage({ layers: ["a"], layerType: `${tar}+zstd` }), dockerOnly),
      error: fails(`${dockerManifest} has no layers of type ${tar}+zstd`),
    },
    {
      rule: "may be schema 2 if layers of zstd are compressed differently in the same copy",
      facts: of(sampleImage({ layers: ["a"], layerType: `${tar}+zstd` }), {
        ...dockerOnly,
        layers: "compress",
      }),
      options: { compression: "gzip" },
      plan: "layer gzip?, config, top?, commit",
      types: [dockerManifest],
    },
    {
      rule: "cannot be schema 2 with encrypted layers",
      facts: of(sampleImage({ layers: ["a"], layerType: `${tar}+gzip+encrypted` }), dockerOnly),
      error: fails(`${dockerManifest} has no layers of type ${tar}+gzip+encrypted`),
    },
    {
      rule: "that must stay is not accepted by the destination",
      differs: "which tries it",
      facts: of(image, dockerOnly),
      options: { preserveDigests: true },
      error: fails("but digests are to be preserved"),
    },
  ],
  "digests of uncompressed layers": [
    {
      rule: "are needed for schema 1 that becomes schema 2, without throwaway layers",
      facts: of(schema1Facts(), dockerOnly),
      plan: "layer preserve, layer preserve, top?, commit",
      types: [dockerManifest],
    },
    {
      rule: "are not needed for schema 1 that stays",
      facts: of(schema1Facts()),
      plan: "layer preserve, layer preserve, layer preserve, top, commit",
      keepsDigest: true,
    },
  ],
  "an image that the destination has": [
    {
      rule: "is skipped",
      differs: "which does so by option only, and does not check the blobs",
      facts: of(
        image,
        {},
        { currentDigest: image.manifest.digest, present: new Set([image.manifest.digest]) },
      ),
      plan: "",
      keepsDigest: true,
    },
    {
      rule: "is not skipped with signatures",
      facts: of(
        factsOf(image, [signature]),
        {},
        { currentDigest: image.manifest.digest, present: new Set([image.manifest.digest]) },
      ),
      plan: "layer preserve, config, top, signatures, commit",
    },
    {
      rule: "is not skipped if it would be compressed",
      facts: of(
        plain,
        { layers: "compress" },
        { currentDigest: plain.manifest.digest, present: new Set([plain.manifest.digest]) },
      ),
      plan: "layer compress?, config, top?, commit",
    },
  ],
  layers: [
    {
      rule: "with URLs stay where they are, if the destination takes URLs",
      facts: of(foreign, { foreignLayerURLs: true }),
      plan: "config, top, commit",
      keepsDigest: true,
    },
    {
      rule: "with URLs are copied otherwise",
      facts: of(foreign),
      plan: copied,
      keepsDigest: true,
    },
    {
      rule: "with URLs are copied on request",
      facts: of(foreign, { foreignLayerURLs: true }),
      options: { downloadForeignLayers: true },
      plan: copied,
      keepsDigest: true,
    },
    {
      rule: "that repeat are copied once",
      differs: "which asks and copies once for each",
      facts: of(sampleImage({ layers: ["a", "b", "a"] })),
      plan: "layer preserve, layer preserve, config, top, commit",
    },
    {
      rule: "may be absent",
      facts: of(noLayers, { layers: "compress" }),
      plan: "config, top, commit",
      keepsDigest: true,
    },
    {
      rule: "may be absent in Docker's schema 2",
      facts: of(noLayers, dockerOnly),
      plan: "config, top, commit",
      types: [dockerManifest],
    },
  ],
  "an artifact": [
    {
      rule: "is never compressed",
      facts: of(artifact, { layers: "compress" }),
      options: { compression: "zstd" },
      plan: copied,
      keepsDigest: true,
    },
    {
      rule: "cannot be converted",
      facts: of(artifact, dockerOnly),
      error: fails("it is an artifact, not an image"),
    },
    {
      rule: "without a config keeps its bytes",
      facts: of({
        manifest: rawManifest({ mediaType: mediaTypes.ociArtifact, blobs: [] }),
        blobs: new Map(),
        instances: [],
      }),
      plan: "top, commit",
      keepsDigest: true,
    },
  ],
};

describe.each(Object.entries(rules))("%s", (_, table) => {
  test.each(table.map((rule) => [titleOf(rule), rule] as const))("%s", (_title, rule) => {
    const { rule: _rule, differs: _differs, facts, options, ...expected } = rule;
    expect(outcomeOf(facts, options)).toMatchObject(expected);
  });
});

/** What a rule describes, or the error. */
function outcomeOf(facts: CopyFacts, options: PlanOptions | undefined): unknown {
  try {
    const plan = planCopy(facts, options);
    return {
      plan: kinds(plan),
      types: manifestsOf(plan).map(({ mediaType }) => mediaType),
      keepsDigest: plan.digest === facts.top.raw.digest,
    };
  } catch (error) {
    return { error };
  }
}

/** An error whose message contains this text. */
function fails(text: string): object {
  return { code: "impossible-copy", message: expect.stringContaining(text) as string };
}

function titleOf({ rule, differs }: Rule): string {
  return differs === undefined ? rule : `${rule} (unlike containers/image, ${differs})`;
}

function manifestsOf({ steps }: CopyPlan): readonly ManifestStep[] {
  return steps.filter((step) => step.kind === "manifest");
}

describe("the compression of a layer", () => {
  type Row = readonly [
    destination: DestinationAccepts["layers"],
    layer: string,
    requested: PlanOptions["compression"],
    outcome: string,
  ];
  const forced = (format: string): PlanOptions["compression"] => ({ format, force: true });
  const rows: readonly Row[] = [
    ["compress", tar, undefined, "compress?"],
    ["compress", tar, "gzip", "gzip?"],
    ["compress", tar, "zstd", "zstd?"],
    ["compress", `${tar}+gzip`, undefined, "compress"],
    ["compress", `${tar}+gzip`, "gzip", "gzip"],
    ["compress", `${tar}+gzip`, "zstd", "zstd?"],
    ["compress", `${tar}+zstd`, undefined, "compress"],
    ["compress", `${tar}+zstd`, "gzip", "gzip?"],
    ["compress", `${tar}+zstd`, "zstd", "zstd"],
    ["compress", `${tar}+gzip+encrypted`, "gzip", "preserve"],
    ["compress", "a/layer", "gzip", "preserve"],
    ["decompress", tar, undefined, "decompress"],
    ["decompress", `${tar}+gzip`, undefined, "decompress?"],
    ["decompress", `${tar}+zstd`, "gzip", "decompress?"],
    ["decompress", `${tar}+gzip+encrypted`, undefined, "preserve"],
    ["preserve", tar, undefined, "preserve"],
    ["preserve", `${tar}+gzip`, "zstd", "preserve"],
    ["preserve", `${tar}+gzip`, forced("zstd"), "zstd?"],
    ["preserve", `${tar}+zstd`, forced("none"), "decompress?"],
  ];

  test.each(rows)(
    "to %s, of %s, requested as %j, is: %s",
    (layers, layerType, compression, outcome) => {
      const layered = sampleImage({ layers: ["a"], layerType });
      const plan = planCopy(of(layered, { layers }), { compression });
      expect(kinds(plan).split(", ")[0]).toBe(`layer ${outcome}`);
      // The manifest changes only if a layer does.
      expect(plan.digest === layered.manifest.digest).toBe(!outcome.endsWith("?"));
    },
  );

  test("stays if the manifest must not change, whatever is requested", () => {
    const facts = of(plain, { layers: "compress" });
    const plan = planCopy(facts, { preserveDigests: true, compression: "zstd" });
    expect(kinds(plan)).toBe(copied);
  });

  test("is known for a config, which is copied unchanged", () => {
    const plan = planCopy(of(plain, { layers: "compress" }), { compression: "zstd" });
    const config = plan.steps.find((step) => step.kind === "blob" && step.isConfig);
    expect(config).toMatchObject({ transform: { kind: "preserve" } });
  });
});

describe("a rejected type has", () => {
  const fallbacksOf = (facts: CopyFacts, options?: PlanOptions): readonly string[] | undefined =>
    manifestsOf(planCopy(facts, options)).at(-1)?.fallbacks;

  test.each<[string, CopyFacts, PlanOptions | undefined, readonly string[]]>([
    ["those of the destination", of(image), undefined, [dockerManifest, dockerSchema1Signed]],
    ["the other type of list", of(index), undefined, [dockerList]],
    ["none if it is forced", of(image), { manifestMIMEType: ociManifest }, []],
    ["none if digests are preserved", of(image), { preserveDigests: true }, []],
    ["none if it is signed", of(factsOf(image, [signature])), undefined, []],
    ["none for an artifact", of(artifact), undefined, []],
    [
      "none if the layers fit no other",
      of(sampleImage({ layerType: `${tar}+zstd` })),
      undefined,
      [],
    ],
  ])("fallbacks: %s", (_, facts, options, fallbacks) => {
    expect(fallbacksOf(facts, options)).toEqual(fallbacks);
  });
});
