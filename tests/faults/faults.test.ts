import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { copyImage, Retries } from "@drayage/core";
import { contentOf, isTorture } from "@drayage/test-support";
import { isThere, randomImage, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { arrived, isNotHalfThere, isToldWell, keptSecrets } from "./promises.ts";
import { Rig } from "./rig.ts";
import type { Place } from "./rig.ts";
import { imageOf, runOf } from "./run.ts";
import type { Run } from "./run.ts";

/** 60 have every fault, way and kind of image in them several times. */
const count = isTorture ? 200 : 60;
const seeds = Array.from({ length: count }, (_, seed) => seed);
const longest = 10_000;
let survived = 0;

describe.concurrent("through a line on which things go wrong", () => {
  test.each(seeds)("a copy is right or is not there: run %i", async (seed) => {
    const run = runOf(seed);
    await using rig = await Rig.open(run);
    try {
      const isCopied = await check(run, rig);
      if (isCopied && rig.hadFaults) survived++;
    } catch (error) {
      const told = rig.proxies.map((proxy) => proxy.describe());
      throw new Error([JSON.stringify(run), ...told].join("\n"), { cause: error });
    }
  });
});

test("most copies meet with faults and get over them", () => {
  expect(survived).toBeGreaterThan(count / 2);
});

/** Copies, and fails unless all that is promised was kept. True where the image is there now. */
async function check(run: Run, rig: Rig): Promise<boolean> {
  const image = await imageOf(run);
  const before = await randomImage("was there before", { layers: 1 });
  const source = await rig.source();
  const [occupied, free] = (await rig.destinations("occupied", "free")) as [Place, Place];
  await writeImage(image, source.direct);
  await writeImage(before, occupied.direct);
  const content = await contentOf(rig.folder);
  const outcome = await settled(source, free);
  if ("result" in outcome) await arrived(free, image, outcome.result);
  else {
    isToldWell(outcome.error);
    if (run.isSurvivable && !rig.isMute) throw outcome.error;
    await isNotHalfThere(free, rig);
    assert.deepEqual(await contentOf(rig.folder), content);
  }
  await isThere(occupied.direct, before);
  keptSecrets(rig);
  return "result" in outcome;
}

/** A copy by somebody patient, who does not wait long. */
async function settled(
  source: Place,
  destination: Place,
): Promise<{ result: Awaited<ReturnType<typeof copyImage>> } | { error: unknown }> {
  const retries = new Retries({ attempts: 12, budget: 500, firstPause: 1, longestPause: 20 });
  const copy = copyImage(source.faulty, destination.faulty, { instances: "all", retries });
  const ended = copy.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  const late = delay(longest, undefined, { ref: false });
  const first = await Promise.race([ended, late]);
  assert.ok(first !== undefined, `the copy did not end within ${longest} ms`);
  return first;
}
