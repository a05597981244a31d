import type { ImageTransport } from "@drayage/core";
import { memory } from "@drayage/core/memory";
import { describe, expect, test } from "vitest";

import { conformance, requirements } from "../../src/conformance/conformance.ts";
import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { writeImage } from "../../src/random/write-image.ts";
import { alteredMemory } from "./altered-memory.ts";
import { decompressingMemory } from "./decompressing-memory.ts";

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
  "memory:, read-only": readOnly(memory()),
  "a store that decompresses layers and replaces images": {
    ...subjectOf(decompressingMemory("replaces")),
    overwriting: "replaces",
  },
  "a store that decompresses layers and refuses to overwrite": {
    ...subjectOf(decompressingMemory("refuses")),
    overwriting: "refuses",
  },
};

describe.each(Object.entries(subjects))("%s", async (_, subject) => {
  for (const { name, run } of await conformance(subject)) test(name, run);
});

describe("the requirements", () => {
  test("have unique ids and one-sentence descriptions", () => {
    const ids = requirements.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, description } of requirements) {
      expect(id).toMatch(/^(reference|source|destination|copy|delete)\/[a-z-]+$/);
      expect(description).toMatch(/^[a-z].* .*[^.]$/);
    }
  });

  test("each apply to one of these transports", async () => {
    const checks = await Promise.all(Object.values(subjects).map(conformance));
    const names = new Set(checks.flat().map(({ name }) => name.slice(0, name.indexOf(":"))));
    expect(requirements.map(({ id }) => id).filter((id) => !names.has(id))).toEqual([
      "delete/unsupported",
    ]);
  });

  test("of a read-only store are all requirements for reading and none for writing", async () => {
    const checks = await conformance(readOnly(memory()));
    const parts = new Set(checks.map(({ name }) => name.slice(0, name.indexOf("/"))));
    expect([...parts].toSorted()).toEqual(["reference", "source"]);
    expect(checks.length).toBeGreaterThan(12);
  });
});
