import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { copyImage, Retries } from "@drayage/core";
import { contentOf, isTorture } from "@drayage/test-support";
import { assertImage, randomImage, writeImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { arrived, isCompleteOrMissing, isReported, sentNoSecrets } from "./guarantees.ts";
import { Rig } from "./rig.ts";
import type { Location } from "./rig.ts";
import { imageOf, runOf } from "./run.ts";
import type { Run } from "./run.ts";

/** 40 runs cover every fault, direction and kind of image several times. */
const count = isTorture ? 200 : 40;
const seeds = Array.from({ length: count }, (_, seed) => seed);
const maxDuration = 10_000;
let survived = 0;

describe.concurrent("copies through a faulty proxy", () => {
  test.each(seeds)("a copy is correct or has no effect: run %i", async (seed) => {
    const run = runOf(seed);
    await using rig = await Rig.open(run);
    try {
      const isCopied = await check(run, rig);
      if (isCopied && rig.hadFaults) survived++;
    } catch (error) {
      const descriptions = rig.proxies.map((proxy) => proxy.describe());
      throw new Error([JSON.stringify(run), ...descriptions].join("\n"), { cause: error });
    }
  });
});

test("most copies have faults and succeed", () => {
  expect(survived).toBeGreaterThan(count / 2);
});

/** Copies and checks all guarantees. Returns whether the image exists now. */
async function check(run: Run, rig: Rig): Promise<boolean> {
  const image = await imageOf(run);
  const before = await randomImage("the previous image", { layers: 1 });
  const source = await rig.source();
  const [occupied, free] = (await rig.destinations("occupied", "free")) as [Location, Location];
  await writeImage(image, source.direct);
  await writeImage(before, occupied.direct);
  const content = await contentOf(rig.folder);
  const outcome = await settled(source, free);
  if ("result" in outcome) await arrived(free, image, outcome.result);
  else {
    isReported(outcome.error);
    if (run.isSurvivable && !rig.isMute) throw outcome.error;
    await isCompleteOrMissing(free, rig);
    assert.deepEqual(await contentOf(rig.folder), content);
  }
  await assertImage(occupied.direct, before);
  sentNoSecrets(rig);
  return "result" in outcome;
}

/** A copy with many retries and short delays. */
async function settled(
  source: Location,
  destination: Location,
): Promise<{ result: Awaited<ReturnType<typeof copyImage>> } | { error: unknown }> {
  const retries = new Retries({
    maxAttempts: 12,
    maxTotalRetries: 500,
    initialDelay: 1,
    maxDelay: 20,
  });
  const copy = copyImage(source.faulty, destination.faulty, { instances: "all", retries });
  const ended = copy.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  const late = delay(maxDuration, undefined, { ref: false });
  const first = await Promise.race([ended, late]);
  assert.ok(first !== undefined, `the copy did not finish within ${maxDuration} ms`);
  return first;
}
