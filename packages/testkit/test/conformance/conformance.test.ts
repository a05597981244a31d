import type { ImageTransport } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { writeImage } from "../../src/random/write-image.ts";
import { alteredMemory } from "./altered-memory.ts";
import { unpackingMemory } from "./unpacking-memory.ts";

let count = 0;
const freshIn = (transport: ImageTransport): TransportUnderTest["freshReference"] => {
  return () => transport.parseReference(`image ${count++}`);
};

function subjectOf(transport: ImageTransport): TransportUnderTest {
  const freshReference = freshIn(transport);
  return { transport, freshReference, siblingOf: freshReference };
}

function readOnly(transport: ImageTransport): TransportUnderTest {
  const freshReference = freshIn(transport);
  return {
    transport,
    freshReference,
    async store(image) {
      const reference = await freshReference();
      await writeImage(image, reference);
      return reference;
    },
  };
}

const subjects: Readonly<Record<string, TransportUnderTest>> = {
  "memory:": subjectOf(memory()),
  "memory: with every optional ability": alteredMemory(),
  "memory: that is only read": readOnly(memory()),
  "a place that unpacks layers and starts anew": {
    ...subjectOf(unpackingMemory("replaces")),
    overwriting: "replaces",
  },
  "a place that unpacks layers and is written once": {
    ...subjectOf(unpackingMemory("refuses")),
    overwriting: "refuses",
  },
};

describe.each(Object.entries(subjects))("%s", async (_, subject) => {
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

  test("are all asked of one of these transports", async () => {
    const asked = await Promise.all(Object.values(subjects).map(conformance));
    const names = new Set(asked.flat().map(({ name }) => name.slice(0, name.indexOf(":"))));
    expect(requirements.map(({ id }) => id).filter((id) => !names.has(id))).toEqual([
      "delete/unsupported",
    ]);
  });

  test("ask nothing of writing of a place that is only read, and all else of it", async () => {
    const asked = await conformance(readOnly(memory()));
    const parts = new Set(asked.map(({ name }) => name.slice(0, name.indexOf("/"))));
    expect([...parts].toSorted()).toEqual(["reference", "source"]);
    expect(asked.length).toBeGreaterThan(12);
  });
});
