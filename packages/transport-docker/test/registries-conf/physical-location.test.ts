import { formatNamedReference, nameOf, parseNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { findEntry, locationsOf } from "../../src/registries-conf/physical-location.ts";
import type { PhysicalLocations } from "../../src/registries-conf/physical-location.ts";
import { loadRegistriesConf } from "../../src/registries-conf/registries-conf.ts";
import { confWith } from "./scratch-conf.ts";

const digest = `@sha256:${"a".repeat(64)}`;

async function locations(text: string, name: string): Promise<PhysicalLocations> {
  return locationsOf(await loadRegistriesConf(await confWith(text)), parseNamedReference(name));
}

async function namesOf(text: string, name: string): Promise<readonly string[]> {
  const { mirrors, itself } = await locations(text, name);
  return [...mirrors, itself].map(({ named }) => formatNamedReference(named));
}

/**
 * A registry at `r.com/bar` with the prefix `r.com/baz` and the mirrors `m1.com`, `m2.com`, …, each with its
 * `pull-from-mirror`.
 */
function withMirrors(...pulls: readonly string[]): string {
  const mirrors = pulls.map((one, at) => {
    const line = one === "" ? "" : `pull-from-mirror = "${one}"`;
    return `[[registry.mirror]]\nlocation = "m${at + 1}.com"\n${line}`;
  });
  return `[[registry]]\nprefix = "r.com/baz"\nlocation = "r.com/bar"\n${mirrors.join("\n")}`;
}

describe("mirrors are read first if they serve", () => {
  test.each([
    [
      ["", ""],
      [1, 2],
      [1, 2],
    ],
    [
      ["all", "all"],
      [1, 2],
      [1, 2],
    ],
    [["digest-only", "digest-only"], [1, 2], []],
    [["", "digest-only"], [1, 2], [1]],
    [["tag-only", "tag-only"], [], [1, 2]],
    [["", "tag-only"], [1], [1, 2]],
    [
      ["digest-only", "tag-only", "", "all"],
      [1, 3, 4],
      [2, 3, 4],
    ],
  ])("%j: digests from %j, tags from %j", async (pulls, ofDigests, ofTags) => {
    const text = withMirrors(...pulls);
    const expected = (numbers: readonly number[], suffix: string): readonly string[] => [
      ...numbers.map((number) => `m${number}.com/image${suffix}`),
      `r.com/bar/image${suffix}`,
    ];
    expect(await namesOf(text, `r.com/baz/image${digest}`)).toEqual(expected(ofDigests, digest));
    expect(await namesOf(text, "r.com/baz/image:1")).toEqual(expected(ofTags, ":1"));
    const both = `:1${digest}`;
    expect(await namesOf(text, `r.com/baz/image${both}`)).toEqual(expected(ofDigests, both));
  });

  test("digests, with mirror-by-digest-only of the registry", async () => {
    const text = `[[registry]]\nlocation = "r.com"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.com"`;
    expect(await namesOf(text, "r.com/a:1")).toEqual(["r.com/a:1"]);
    expect(await namesOf(text, `r.com/a${digest}`)).toEqual([
      `m.com/a${digest}`,
      `r.com/a${digest}`,
    ]);
  });
});

describe("an image without an entry", () => {
  test("is at its own name", async () => {
    expect(await locations(withMirrors(""), "other.com/a:1")).toEqual({
      mirrors: [],
      itself: {
        named: { domain: "other.com", path: "a", tag: "1" },
        isMirror: false,
        insecure: false,
        blockedIn: undefined,
      },
    });
  });
});

describe("an entry applies", () => {
  test.each([
    ["a.b.example/c/d", "a.b.example/c"],
    ["a.b.example/d", "a.b.example"],
    ["x.b.example/c", "*.b.example"],
    ["x.example/c", "*.example"],
  ])("if its prefix is the longest: for %s that of %s", async (name, expected) => {
    const prefixes = ["*.example", "a.b.example", "*.b.example", "a.b.example/c"];
    const entries = prefixes.map(
      (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "l.com"`,
    );
    const conf = await loadRegistriesConf(await confWith(entries.join("\n")));
    expect(findEntry(conf, parseNamedReference(name))?.name).toBe(expected);
  });

  test("once, without another lookup of its location", async () => {
    const text = `
      [[registry]]\nlocation = "a.com"\n[[registry.mirror]]\nlocation = "b.com/x"
      [[registry]]\nprefix = "b.com"\nlocation = "c.com"
    `;
    expect(await namesOf(text, "a.com/i:1")).toEqual(["b.com/x/i:1", "a.com/i:1"]);
  });

  test("of a wildcard without a location to settings only", async () => {
    const { itself } = await locations(
      '[[registry]]\nprefix = "*.a.com"\ninsecure = true',
      "b.a.com:80/i",
    );
    expect(itself).toMatchObject({ insecure: true, named: { domain: "b.a.com:80" } });
  });
});

test("each location has its own insecure setting", async () => {
  const text = `
    [[registry]]\nlocation = "a.com"\ninsecure = true
    [[registry.mirror]]\nlocation = "b.com"
    [[registry.mirror]]\nlocation = "c.com"\ninsecure = true
    [[registry]]\nlocation = "b.com"\ninsecure = true
  `;
  const { mirrors, itself } = await locations(text, "a.com/i");
  expect([...mirrors, itself].map(({ insecure }) => insecure)).toEqual([false, true, true]);
});

describe("blocking applies to", () => {
  async function blockedOf(text: string, name: string): Promise<readonly string[]> {
    const { mirrors, itself } = await locations(text, name);
    return [...mirrors, itself].flatMap(({ named, blockedIn }) =>
      blockedIn ? [nameOf(named)] : [],
    );
  }

  test("the location of the entry and not its mirrors", async () => {
    const text = `[[registry]]\nlocation = "a.com"\nblocked = true\n[[registry.mirror]]\nlocation = "b.com"`;
    expect(await blockedOf(text, "a.com/i")).toEqual(["a.com/i"]);
  });

  test("a relocated image and a location that is blocked itself", async () => {
    const text = `
      [[registry]]\nprefix = "a.com"\nlocation = "b.com"\nblocked = true
      [[registry]]\nprefix = "c.com"\nlocation = "d.com/x"\n[[registry.mirror]]\nlocation = "e.com"
      [[registry]]\nlocation = "d.com"\nblocked = true
      [[registry]]\nlocation = "e.com/i"\nblocked = true
    `;
    expect(await blockedOf(text, "a.com/i")).toEqual(["b.com/i"]);
    expect(await blockedOf(text, "c.com/i")).toEqual(["e.com/i", "d.com/x/i"]);
    expect(await blockedOf(text, "c.com/j")).toEqual(["d.com/x/j"]);
  });
});
