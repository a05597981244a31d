import { copyImage, digestOf, isImageError, parsePlatform } from "@drayage/core";
import type { CopyOptions, ImageReference, ImageTransport } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { randomImage, randomIndex, writeImage } from "@drayage/testkit";
import { beforeEach, describe, expect, test } from "vitest";

import { applyPlan } from "../src/apply-plan.ts";
import { parsePlan } from "../src/parse-plan.ts";
import { preparePlan } from "../src/prepare-plan.ts";
import { serializePlan } from "../src/serialize-plan.ts";
import type { StoredPlan } from "../src/stored-plan.ts";

const index = await randomIndex("apply", { attestation: true });
const docker = await randomImage("apply", { format: "docker" });
const other = await randomImage("other");

let store: ImageTransport;
let from: ImageReference;
let to: ImageReference;

beforeEach(async () => {
  store = memory();
  from = store.parseReference("from");
  to = store.parseReference("to");
  await writeImage(index, from);
});

/** The plan after a round trip through its file. */
async function printed(options: CopyOptions = {}): Promise<StoredPlan> {
  return parsePlan(serializePlan(await preparePlan(from, to, options)));
}

async function digestIn(reference: ImageReference): Promise<string> {
  await using source = await reference.newImageSource();
  return digestOf((await source.getManifest()).bytes);
}

async function isEmpty(reference: ImageReference): Promise<boolean> {
  return digestIn(reference).then(
    () => false,
    (error: unknown) => isImageError(error, "not-found"),
  );
}

const conflict = expect.objectContaining({ code: "conflict" });

describe("applying a printed plan equals copying", () => {
  const platforms = [parsePlatform("linux/arm")];
  test.each<CopyOptions>([
    {},
    { instances: "all" },
    { instances: "index-only" },
    { instances: { platforms } },
    { instances: { platforms }, missingInstances: "keep", preserveDigests: true },
    { platform: parsePlatform("linux/arm64") },
    { instances: { platforms }, digestAlgorithm: "sha512" },
    { instances: { platforms }, conversionLedger: { tool: "test" } },
    { instances: "all", compression: { format: "zstd", force: true } },
    {
      instances: { platforms },
      manifestMIMEType: "application/vnd.docker.distribution.manifest.v2+json",
    },
  ])("%j", async (options) => {
    const copy = store.parseReference("copy");
    const expected = await copyImage(from, copy, options);
    const { changes, blobs } = expected;
    expect(await applyPlan(await printed(options), from, to)).toMatchObject({
      digest: expected.digest,
      sourceDigest: expected.sourceDigest,
      changes,
      blobs,
    });
    expect(await digestIn(to)).toBe(await digestIn(copy));
  });

  test("for an image that is there", async () => {
    await copyImage(from, to, { instances: "all" });
    const result = await applyPlan(await printed({ instances: "all" }), from, to);
    expect(result.alreadyThere).toBe(true);
  });

  test("with the planned platform on any machine", async () => {
    const stored = await printed({ platform: parsePlatform("linux/arm64") });
    const options: CopyOptions = { platform: parsePlatform("linux/s390x") };
    const { digest } = await applyPlan(stored, from, to, options);
    expect(digest).toBe(stored.plan.digest);
  });
});

test("events are passed on, and an error of their receiver ends the copy", async () => {
  const stored = await printed();
  const kinds: string[] = [];
  await applyPlan(stored, from, to, { onEvent: ({ kind }) => kinds.push(kind) });
  expect(kinds).toContain("planned");
  expect(kinds.at(-1)).toBe("done");
});

describe("a plan no longer applies", () => {
  test("if the source has another image", async () => {
    const stored = await printed();
    await writeImage(other, from);
    const { digest } = other.manifest;
    const message = `memory:from is ${digest} now, but was ${index.manifest.digest}`;
    await expect(applyPlan(stored, from, to)).rejects.toThrow(message);
    await expect(applyPlan(stored, from, to)).rejects.toThrow(conflict);
    expect(await isEmpty(to)).toBe(true);
  });

  test("if the destination names another image, and when it is applied again", async () => {
    const stored = await printed();
    await writeImage(other, to);
    await expect(applyPlan(stored, from, to)).rejects.toThrow(conflict);
    await expect(applyPlan(stored, from, to)).rejects.toThrow(
      `memory:to names ${other.manifest.digest} now, but named no image`,
    );
    expect(await digestIn(to)).toBe(other.manifest.digest);
    const overwriting = await printed();
    await applyPlan(overwriting, from, to);
    await expect(applyPlan(overwriting, from, to)).rejects.toThrow(conflict);
  });

  test.each([
    ["layers", "compress"],
    ["manifestMIMETypes", []],
    ["preservesManifests", false],
    ["generatedLayers", "compress"],
    ["foreignLayerURLs", true],
    ["sparseIndexes", "it checks them"],
    ["signatures", "it has no room"],
    ["sigstoreSignatures", "it has no room"],
    ["referrers", false],
  ])("if the destination has another ability %s", async (name, value) => {
    const stored = await printed();
    const changed = withAccepts(stored, { [name]: value });
    await expect(applyPlan(changed, from, to)).rejects.toThrow(conflict);
    await expect(applyPlan(changed, from, to)).rejects.toThrow(`memory:to has ${name} `);
    expect(await isEmpty(to)).toBe(true);
  });

  test("but does if the destination is only faster or cheaper", async () => {
    const faster = {
      parallelBlobs: 1,
      reuseBuffers: false,
      requests: { perBlob: 1, perManifest: 1 },
    };
    const { digest } = await applyPlan(withAccepts(await printed(), faster), from, to);
    expect(await digestIn(to)).toBe(digest);
  });

  test.each<[string, (stored: StoredPlan) => StoredPlan, RegExp]>([
    [
      "a step is missing",
      withSteps((steps) => steps.slice(1)),
      /it now includes the (?:layer|config) sha256:/,
    ],
    [
      "a step is not planned now",
      withSteps(([first, ...steps]) => [
        ...(first?.kind === "blob"
          ? [{ ...first, blob: { ...first.blob, digest: digestOf(Buffer.from("x")) } }]
          : []),
        ...(first ? [first] : []),
        ...steps,
      ]),
      /it no longer includes the (?:layer|config) sha256:/,
    ],
    [
      "a blob is transformed in another way",
      withSteps((steps) =>
        steps.map((step) =>
          step.kind === "blob" ? { ...step, transform: { kind: "oci-config" } } : step,
        ),
      ),
      /would be written in another way/,
    ],
    [
      "a manifest is written as another type",
      withSteps((steps) =>
        steps.map((step) => (step.kind === "manifest" ? { ...step, mediaType: "a/b" } : step)),
      ),
      /the manifest sha256:\w+ would be written in another way/,
    ],
    [
      "the result is another one",
      ({ plan, options }) => ({ plan: { ...plan, digest: digestOf(Buffer.from("x")) }, options }),
      /its result is sha256:\w+ now, but was sha256:/,
    ],
    [
      "the options make another plan",
      ({ plan, options }) => ({ plan, options: { ...options, instances: "all" } }),
      /it no longer includes the manifest/,
    ],
  ])("if %s", async (_, change, message) => {
    const stored = change(await printed());
    await expect(applyPlan(stored, from, to)).rejects.toThrow(conflict);
    await expect(applyPlan(stored, from, to)).rejects.toThrow(message);
    expect(await isEmpty(to)).toBe(true);
  });

  test("but does if only reasons and candidates for reuse differ", async () => {
    const stored = withSteps((steps) =>
      steps.map((step) =>
        step.kind === "blob"
          ? { ...step, reason: "for fun", candidates: [] }
          : { ...step, reason: "for fun" },
      ),
    )(await printed());
    const { digest } = await applyPlan(stored, from, to);
    expect(digest).toBe(stored.plan.digest);
  });

  test("never takes a blob from the file of the plan", async () => {
    await writeImage(docker, store.parseReference("elsewhere"));
    const [secret] = docker.blobs.keys();
    if (secret === undefined) throw new Error("has blobs");
    const stored = withSteps((steps) =>
      steps.map((step) =>
        step.kind === "blob"
          ? {
              ...step,
              candidates: [
                {
                  blob: { ...step.blob, digest: secret },
                  compression: undefined,
                  location: { transport: "memory", scope: "x", path: "elsewhere" },
                },
              ],
            }
          : step,
      ),
    )(await printed());
    const { digest } = await applyPlan(stored, from, to);
    expect(digest).toBe(stored.plan.digest);
    const expected = await copyImage(from, store.parseReference("copy"), {
      platform: stored.options.platform,
    });
    expect(digest).toBe(expected.digest);
  });

  test("to images that it does not name", async () => {
    const stored = await printed();
    const third = store.parseReference("third");
    for (const [a, b] of [
      [third, to],
      [from, third],
    ] as const) {
      await expect(applyPlan(stored, a, b)).rejects.toThrow(
        expect.objectContaining({ code: "impossible-copy" }),
      );
    }
  });
});

test("a policy applies to a stored plan", async () => {
  const stored = await printed();
  const policy: CopyOptions["policy"] = {
    async admit() {
      throw new Error("rejected");
    },
  };
  await expect(applyPlan(stored, from, to, { policy })).rejects.toThrow("rejected");
  expect(await isEmpty(to)).toBe(true);
});

type Steps = StoredPlan["plan"]["steps"];

function withSteps(change: (steps: Steps) => Steps): (stored: StoredPlan) => StoredPlan {
  return ({ plan, options }) => ({ plan: { ...plan, steps: change(plan.steps) }, options });
}

function withAccepts(
  { plan, options }: StoredPlan,
  changes: Partial<StoredPlan["plan"]["conditions"]["accepts"]>,
): StoredPlan {
  const { conditions } = plan;
  const accepts = { ...conditions.accepts, ...changes };
  return { plan: { ...plan, conditions: { ...conditions, accepts } }, options };
}
