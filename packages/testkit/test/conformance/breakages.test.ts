import { describe, expect, test } from "vitest";

import { requirements } from "../../src/conformance/conformance.ts";
import { breakages } from "./breakages.ts";
import { failedRequirements } from "./failed-requirements.ts";

test("every requirement has a transport that breaks it", () => {
  expect(Object.keys(breakages).toSorted()).toEqual(requirements.map(({ id }) => id).toSorted());
});

describe.each(Object.entries(breakages))("%s", (id, subjects) => {
  test.each(Object.entries(subjects))("fails if a transport %s", async (_, subject) => {
    expect(await failedRequirements(await subject(), (other) => other === id)).toEqual([id]);
  });
});
