import { memory } from "@drayage/core/memory";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

const transport = memory();
let count = 0;
const freshReference: TransportUnderTest["freshReference"] = () =>
  transport.parseReference(`image ${count++}`);
const subject: TransportUnderTest = { transport, freshReference, siblingOf: freshReference };

describe("memory:", async () => {
  for (const { name, run } of await conformance(subject)) test(name, run);
});

describe("the requirements", () => {
  test("have ids of their own, and each is a sentence", () => {
    const ids = requirements.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, promise } of requirements) {
      expect(id).toMatch(/^(reference|source|destination|copy|delete)\/[a-z-]+$/);
      expect(promise).toMatch(/^[a-z].* .*[^.]$/);
    }
  });
});
