import { isTorture } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { alteredMemory } from "./altered-memory.ts";
import { breakages } from "./breakages.ts";
import { failedRequirements } from "./failed-requirements.ts";

test("a memory transport with every optional ability passes", async () => {
  expect(await failedRequirements(alteredMemory())).toEqual([]);
});

describe.each(Object.entries(breakages))("%s", (id, subjects) => {
  // `npm run torture` runs all other requirements too, which have nothing to say of this breakage either.
  const group = isTorture ? "" : id.slice(0, id.indexOf("/") + 1);
  const isOther = (one: string): boolean => one !== id && one.startsWith(group);

  test.each(Object.entries(subjects))("fails alone where a transport %s", async (_, subject) => {
    expect(await failedRequirements(await subject(), isOther)).toEqual([]);
  });
});
