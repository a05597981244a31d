import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { DestinationAccepts } from "../../src/contract/image-destination.ts";
import { blobKey } from "../../src/copy/blob-step.ts";
import type { CopyFacts } from "../../src/copy/copy-facts.ts";
import { copyImage, previewCopy } from "../../src/copy/copy-image.ts";
import type { PlanOptions } from "../../src/copy/copy-options.ts";
import type { CopyPlan, CopyStep } from "../../src/copy/copy-plan.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { blobsOf, parseManifest } from "../../src/manifest/manifest.ts";
import { mediaTypes } from "../../src/manifest/media-types.ts";
import { memory } from "../../src/memory/index.ts";
import { isImageError } from "../../src/names/image-error.ts";
import { verifyImage } from "../../src/verify/verify-image.ts";
import { altered } from "../altered-reference.ts";
import { arm, linux, sampleImage, sampleIndex, write } from "../sample-images.ts";
import type { SampleImage } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;

/** Layers are few and compressed fast, so that images share them. */
const contents = ["a", "b", "c"].map((text) => Buffer.from(text.repeat(700)));
const compressed = contents.map((bytes) => gzipSync(bytes, { level: 1 }));

const image: fc.Arbitrary<SampleImage> = fc
  .record({
    layers: fc.array(fc.nat(2), { maxLength: 3 }),
    isCompressed: fc.boolean(),
    isDocker: fc.boolean(),
    isArtifact: fc.boolean(),
    platform: fc.constantFrom(linux, arm),
  })
  .map(({ layers, isCompressed, isDocker, isArtifact, platform }) =>
    sampleImage({
      layers: layers.map((at) => (isCompressed ? compressed : contents)[at] ?? ""),
      manifestType: isDocker ? dockerManifest : ociManifest,
      layerType: layerType(isDocker, isCompressed),
      platform,
      ...(isArtifact && !isDocker && { configType: "a/config" }),
    }),
  );

const anything: fc.Arbitrary<SampleImage> = fc.oneof(
  image,
  fc
    .tuple(fc.array(image, { maxLength: 3 }), fc.constantFrom(ociIndex, dockerList))
    .map(([images, type]) => sampleIndex(images, type)),
  fc.array(image, { maxLength: 2 }).map((images) => sampleIndex([sampleIndex(images), ...images])),
);

const options: fc.Arbitrary<PlanOptions> = fc.record({
  preserveDigests: fc.constantFrom(undefined, true),
  compression: fc.constantFrom<PlanOptions["compression"][]>(undefined, "gzip", "zstd", {
    format: "gzip",
    force: true,
  }),
  manifestMIMEType: fc.constantFrom(undefined, undefined, ociManifest, dockerManifest),
});

const accepts: fc.Arbitrary<Partial<DestinationAccepts>> = fc.record({
  layers: fc.constantFrom("preserve", "compress", "decompress"),
  manifestMIMETypes: fc.constantFrom(
    undefined,
    [ociManifest, ociIndex],
    [dockerManifest, dockerList],
    [dockerList, ociIndex, dockerManifest, ociManifest],
  ),
});

function layerType(isDocker: boolean, isCompressed: boolean): string {
  if (isDocker) return `application/vnd.docker.image.rootfs.diff.tar${isCompressed ? ".gzip" : ""}`;
  return `application/vnd.oci.image.layer.v1.tar${isCompressed ? "+gzip" : ""}`;
}

/** Undefined if the copy is impossible. */
function planned(facts: CopyFacts, planOptions: PlanOptions): CopyPlan | undefined {
  try {
    return planCopy(facts, planOptions);
  } catch (error) {
    if (isImageError(error, "impossible-copy")) return undefined;
    throw error;
  }
}

/** What manifests name before the plan has written it. */
function namedTooEarly({ steps }: CopyPlan): readonly string[] {
  const written = new Set<string>();
  const missing: string[] = [];
  for (const step of steps) {
    if (step.kind === "blob") written.add(step.blob.digest);
    if (step.kind !== "manifest") continue;
    const manifest = parseManifest(step.raw);
    const named = manifest.kind === "index" ? manifest.manifests : blobsOf(manifest);
    missing.push(...named.map(({ digest }) => digest).filter((digest) => !written.has(digest)));
    written.add(step.raw.digest);
  }
  return missing;
}

/** The blobs and manifests that get other bytes. */
function changedIn(steps: readonly CopyStep[]): readonly CopyStep[] {
  return steps.filter(
    (step) =>
      (step.kind === "blob" && step.digest !== step.blob.digest) ||
      (step.kind === "manifest" && step.digest !== step.raw.digest),
  );
}

describe("every plan", () => {
  test("has each blob once, and a manifest after all that it names", () => {
    let plans = 0;
    fc.assert(
      fc.property(anything, accepts, options, (source, accepted, planOptions) => {
        const plan = planned(copyFacts(factsOf(source), accepted), planOptions);
        if (plan === undefined) return;
        plans += 1;
        const keys = plan.steps.flatMap((step) => (step.kind === "blob" ? [blobKey(step)] : []));
        expect(new Set(keys).size).toBe(keys.length);
        expect(namedTooEarly(plan)).toEqual([]);
        expect(plan.steps.at(-1)?.kind).toBe("commit");
      }),
      { numRuns: 60 },
    );
    expect(plans).toBeGreaterThan(15);
  });

  test("that preserves digests changes no bytes", () => {
    fc.assert(
      fc.property(anything, accepts, options, (source, accepted, planOptions) => {
        const facts = copyFacts(factsOf(source), accepted);
        const plan = planned(facts, { ...planOptions, preserveDigests: true });
        expect(changedIn(plan?.steps ?? [])).toEqual([]);
        expect(plan?.digest ?? source.manifest.digest).toBe(source.manifest.digest);
      }),
      { numRuns: 40 },
    );
  });

  test("depends on the facts only", () => {
    fc.assert(
      fc.property(anything, accepts, options, (source, accepted, planOptions) => {
        const facts = structuredClone(copyFacts(factsOf(source), accepted));
        const plan = planned(facts, planOptions);
        expect(planned(structuredClone(facts), planOptions)).toEqual(plan);
        expect(planned(facts, planOptions)).toEqual(plan);
        const transforms = plan?.steps.map((step) => step.kind === "blob" && step.transform) ?? [];
        expect(JSON.parse(JSON.stringify(transforms))).toStrictEqual(transforms);
      }),
      { numRuns: 30 },
    );
  });
});

test("a copy does what its plan predicts", async () => {
  await fc.assert(
    fc.asyncProperty(anything, accepts, options, async (source, accepted, planOptions) => {
      const from = memory().parseReference("from");
      await write(source, from);
      const to = altered(memory().parseReference("to"), {
        destination: (real) => ({ accepts: { ...real.accepts, ...accepted } }),
      });
      const copyOptions = { ...planOptions, instances: "all" } as const;
      const plan = await previewCopy(from, to, copyOptions).catch((error: unknown) => {
        if (isImageError(error, "impossible-copy")) return undefined;
        throw error;
      });
      if (plan === undefined) return;
      const result = await copyImage(from, to, copyOptions);
      expect(result.digest).toBe(plan.digest ?? result.digest);
      const predicted = new Map(
        plan.steps.flatMap((step) =>
          step.kind === "manifest" && step.digest !== undefined
            ? [[step.raw.digest, step.digest] as const]
            : [],
        ),
      );
      const unpredicted = result.changes.filter(
        (change) => (predicted.get(change.from) ?? change.to) !== change.to,
      );
      expect(unpredicted).toEqual([]);
      const { problems } = await verifyImage(to);
      expect(problems).toEqual([]);
    }),
    { numRuns: 25 },
  );
});
