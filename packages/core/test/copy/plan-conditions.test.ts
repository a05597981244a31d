import { describe, expect, test } from "vitest";

import type { BlobLocation } from "../../src/contract/blob-info.ts";
import { previewCopy } from "../../src/copy/copy-image.ts";
import { planCopy } from "../../src/copy/plan-copy.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import { altered } from "../altered-reference.ts";
import { sampleImage, write } from "../sample-images.ts";
import { copyFacts, factsOf } from "./sample-facts.ts";

const image = sampleImage();

test("a plan contains what it relies on", () => {
  const currentDigest = digestOf(Buffer.from("before"));
  const facts = copyFacts(factsOf(image), {}, { currentDigest, isSameStore: true });
  const { offers, accepts } = facts;
  expect(planCopy(facts).conditions).toEqual({ currentDigest, offers, accepts, isSameStore: true });
  expect(planCopy(copyFacts(factsOf(image))).conditions).toMatchObject({
    currentDigest: undefined,
    isSameStore: false,
  });
});

describe("both sides are in one store", () => {
  const at = (transport: string, scope: string | undefined): BlobLocation => ({
    transport,
    scope,
    path: "/",
  });

  test.each([
    [at("shelf", "a"), at("shelf", "a"), true],
    [at("shelf", "a"), at("shelf", "b"), false],
    [at("shelf", "a"), at("other", "a"), false],
    [at("shelf", undefined), at("shelf", undefined), false],
    [undefined, at("shelf", "a"), false],
    [at("shelf", "a"), undefined, false],
  ])("from %j to %j: %s", async (from, to, expected) => {
    const source = memory().parseReference("a");
    await write(image, source);
    const plan = await previewCopy(
      altered(source, { source: { locateBlob: () => from } }),
      altered(memory().parseReference("b"), { destination: { locateBlob: () => to } }),
    );
    expect(plan.conditions.isSameStore).toBe(expected);
  });
});
