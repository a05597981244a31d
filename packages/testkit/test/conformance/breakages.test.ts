import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import { breakages } from "./breakages.ts";

async function failuresOf(subject: TransportUnderTest): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of await conformance(subject)) {
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
  test.each(Object.entries(subjects))("fails alone where a transport %s", async (_, subject) => {
    expect(await failuresOf(await subject())).toEqual([id]);
  });
});
