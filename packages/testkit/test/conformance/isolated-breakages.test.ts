import { isTorture } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { alteredMemory } from "./altered-memory.ts";
import { breakages } from "./breakages.ts";
import { failedRequirements } from "./failed-requirements.ts";

test("a memory transport with every optional ability passes", async () => {
  expect(await failedRequirements(alteredMemory())).toEqual([]);
});

describe.each(Object.entries(breakages))("%s", (id, subjects) => {
  // `npm run torture` checks the requirements of all groups.
  const group = isTorture ? "" : id.slice(0, id.indexOf("/") + 1);
  const isOther = (other: string): boolean => other !== id && other.startsWith(group);

  test.each(Object.entries(subjects))(
    "is the only failure if a transport %s",
    async (_, subject) => {
      expect(await failedRequirements(await subject(), isOther)).toEqual([]);
    },
  );
});
