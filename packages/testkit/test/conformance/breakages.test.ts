import { isTorture } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import { breakages } from "./breakages.ts";

/** Of all requirements, or of those whose names begin so. */
async function failuresOf(subject: TransportUnderTest, group = ""): Promise<readonly string[]> {
  const failed: string[] = [];
  const checks = await conformance(subject);
  for (const { name, run } of checks.filter((check) => check.name.startsWith(group))) {
    const isBroken = await run().then(
      () => false,
      () => true,
    );
    if (isBroken) failed.push(name.slice(0, name.indexOf(":")));
  }
  return failed;
}

test("a memory transport with every optional ability passes", async () => {
  expect(await failuresOf(alteredMemory())).toEqual([]);
});

test("every requirement has a transport that breaks it", () => {
  expect(Object.keys(breakages).toSorted()).toEqual(requirements.map(({ id }) => id).toSorted());
});

describe.each(Object.entries(breakages))("%s", (id, subjects) => {
  // `npm run torture` runs all other requirements too, which have nothing to say of this breakage either.
  const group = isTorture ? "" : id.slice(0, id.indexOf("/") + 1);

  test.each(Object.entries(subjects))("fails alone where a transport %s", async (_, subject) => {
    expect(await failuresOf(await subject(), group)).toEqual([id]);
  });
});
