import { digestOf, mediaTypes } from "@drayage/core";
import type { Descriptor, Digest } from "@drayage/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  emptyIndex,
  formatLayoutIndex,
  nameOfEntry,
  parseLayoutIndex,
  withImage,
  withoutEntry,
} from "../src/index.ts";
import type { IndexEntry, LayoutIndex } from "../src/index.ts";

const nameKey = "org.opencontainers.image.ref.name";

function image(seed: string): Descriptor {
  const digest: Digest = digestOf(Buffer.from(seed));
  return { mediaType: mediaTypes.ociManifest, digest, size: seed.length };
}

function entry(seed: string, name?: string, more: object = {}): IndexEntry {
  return {
    ...image(seed),
    ...(name !== undefined && { annotations: { [nameKey]: name } }),
    ...more,
  };
}

function indexOf(...entries: readonly IndexEntry[]): LayoutIndex {
  return { fields: { schemaVersion: 2, manifests: entries }, entries };
}

describe("an image is added", () => {
  test.each([
    ["to an empty index", [], "a", "v1", [entry("a", "v1")]],
    ["without a name", [entry("b", "v1")], "a", undefined, [entry("b", "v1"), entry("a")]],
    ["under a second name", [entry("a", "v1")], "a", "v2", [entry("a", "v1"), entry("a", "v2")]],
    ["again", [entry("a", "v1"), entry("b")], "a", "v1", [entry("a", "v1"), entry("b")]],
    ["again without a name", [entry("a"), entry("b")], "a", undefined, [entry("a"), entry("b")]],
    ["under the name of another", [entry("a", "v1")], "b", "v1", [entry("a"), entry("b", "v1")]],
    [
      "under the name of another that has two names",
      [entry("a", "v1"), entry("a", "v2")],
      "b",
      "v1",
      [entry("a", "v2"), entry("b", "v1")],
    ],
    [
      "with a name that its nameless entry receives",
      [entry("a"), entry("b", "v1")],
      "a",
      "v1",
      [entry("a", "v1"), entry("b")],
    ],
    [
      "under a name that several images have",
      [entry("a", "v1"), entry("a", "v1"), entry("b", "v1")],
      "c",
      "v1",
      [entry("a"), entry("b"), entry("c", "v1")],
    ],
  ] as const)("%s", (_, before, seed, name, after) => {
    expect(withImage(indexOf(...before), image(seed), name).entries).toEqual(after);
  });
});

test("other fields of an entry are kept when its name changes", () => {
  const platform = { os: "linux", architecture: "amd64", "os.features": ["x"] };
  const before = indexOf(
    entry("a", undefined, { platform, annotations: { other: "1" } }),
    entry("b", undefined, {
      platform,
      annotations: { other: "2", [nameKey]: "v1" },
      unknown: [null],
    }),
  );
  expect(withImage(before, image("a"), "v1").entries).toEqual([
    entry("a", undefined, { platform, annotations: { other: "1", [nameKey]: "v1" } }),
    entry("b", undefined, { platform, annotations: { other: "2" }, unknown: [null] }),
  ]);
});

test("an artifact is listed with its artifact type", () => {
  const [added] = withImage(emptyIndex, { ...image("a"), artifactType: "x/y" }, "v1").entries;
  expect(added).toMatchObject({ artifactType: "x/y" });
});

describe("for any index", () => {
  const seeds = fc.constantFrom("a", "b", "c", "d");
  const names = fc.option(fc.constantFrom("v1", "v2", "v3"), { nil: undefined });
  const entries = fc.array(
    fc.tuple(seeds, names, fc.nat()).map(([seed, name, mark]) => entry(seed, name, { mark })),
  );
  const digests = (list: readonly IndexEntry[]) => new Set(list.map(({ digest }) => digest));

  test("no image is lost, and exactly one entry has the name", () => {
    const law = fc.property(entries, seeds, names, (before, seed, name) => {
      const after = withImage(indexOf(...before), image(seed), name).entries;
      expect(digests(after)).toEqual(digests([...before, image(seed) as unknown as IndexEntry]));
      const holders = after.filter((one) => nameOfEntry(one) === name);
      expect(holders.length === 1 || name === undefined).toBe(true);
      expect(holders.map(({ digest }) => digest)).toContain(image(seed).digest);
    });
    fc.assert(law);
  });

  test("entries with other names are unchanged, in the same order", () => {
    const law = fc.property(entries, seeds, names, (before, seed, name) => {
      const after = withImage(indexOf(...before), image(seed), name).entries;
      const others = (list: readonly IndexEntry[]) =>
        list.filter((one) => nameOfEntry(one) !== undefined && nameOfEntry(one) !== name);
      expect(others(after)).toEqual(others(before));
    });
    fc.assert(law);
  });

  test("adding an image twice equals adding it once", () => {
    const law = fc.property(entries, seeds, names, (before, seed, name) => {
      const once = withImage(indexOf(...before), image(seed), name);
      expect(withImage(once, image(seed), name)).toEqual(once);
    });
    fc.assert(law);
  });

  test("all fields are kept in order, known or not", () => {
    const fields = fc.dictionary(fc.string(), fc.jsonValue()).filter(hasOneReading);
    const law = fc.property(fields, entries, (others, manifests) => {
      const text = JSON.stringify({
        first: 1,
        ...others,
        schemaVersion: 2,
        manifests,
        mediaType: undefined,
        last: 2,
      });
      const written = formatLayoutIndex(parseLayoutIndex(Buffer.from(text)));
      expect(Buffer.from(written).toString()).toBe(text);
    });
    fc.assert(law);
  });
});

/** False for keys that Go programs read as the same field: such an index is rejected. */
function hasOneReading(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  const keys = Object.keys(value).map((key) => key.toLowerCase());
  return new Set(keys).size === keys.length && Object.values(value).every(hasOneReading);
}

test("an entry is removed by position", () => {
  const index = indexOf(entry("a", "v1"), entry("a", "v2"), entry("b"));
  expect(withoutEntry(index, 1).entries).toEqual([entry("a", "v1"), entry("b")]);
});

test("an index without `manifests` gets the field when an image is added", () => {
  for (const text of ['{"schemaVersion":2}', '{"schemaVersion":2,"manifests":null}']) {
    const index = parseLayoutIndex(Buffer.from(text));
    expect(index.entries).toEqual([]);
    const written = formatLayoutIndex(withImage(index, image("a"), "v1"));
    expect(parseLayoutIndex(written).entries).toEqual([entry("a", "v1")]);
  }
});

test.each([
  "",
  "[]",
  "{}",
  "not JSON",
  '{"schemaVersion":1,"manifests":[]}',
  '{"schemaVersion":2,"manifests":{}}',
  '{"schemaVersion":2,"manifests":[1]}',
  '{"schemaVersion":2,"mediaType":"text/html","manifests":[]}',
])("%j is not an index", (text) => {
  const parse = () => parseLayoutIndex(Buffer.from(text));
  expect(parse).toThrow(expect.objectContaining({ code: "invalid-manifest" }));
});
