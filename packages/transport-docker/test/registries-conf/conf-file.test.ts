import { formatNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { loadRegistriesConf } from "../../src/registries-conf/registries-conf.ts";
import type { RegistriesConf } from "../../src/registries-conf/registries-conf.ts";
import { confWith, machineWith } from "./scratch-conf.ts";

async function loaded(text: string): Promise<RegistriesConf> {
  return loadRegistriesConf(await confWith(text));
}

const registry = (text: string): string => `[[registry]]\nlocation = "a.example"\n${text}`;
const mirror = (text: string): string => registry(`[[registry.mirror]]\n${text}`);

describe("a file is rejected with its name and the key if", () => {
  test.each([
    ["it is not TOML", "a = [\n", "line 2"],
    ["a value has another type", 'registry = "a"', "registry must"],
    ["a list has a value of another type", "registry = [1]", "registry must"],
    ["a string is a number", "[[registry]]\nlocation = 1", "registry[1].location must"],
    ["a boolean is a string", registry('insecure = "yes"'), "registry[1].insecure must"],
    ["a list is a string", 'credential-helpers = "a"', "credential-helpers must"],
    ["a list has numbers", "unqualified-search-registries = [1]", "unqualified-search-registries"],
    ["a table is a string", 'aliases = "a"', "aliases must"],
    ["prefix and location are missing", "[[registry]]\n", "registry[1].location is missing"],
    ["a location is a URL", '[[registry]]\nlocation = "https://a.example"', "registry[1].location"],
    ["a location is not a registry", '[[registry]]\nlocation = "a/b"', "registry[1].location"],
    ["a location is an image", '[[registry]]\nlocation = "a.example/b:1"', "tag"],
    ["a location is not well-formed", '[[registry]]\nlocation = "a.example/B"', "lower-case"],
    ["a location has only slashes", '[[registry]]\nlocation = "//"', "registry[1].location"],
    ["a prefix has a tag", registry('prefix = "b.example/c:1"'), "registry[1].prefix"],
    ["a prefix has a digest", registry('prefix = "b.example/c@sha256:0"'), "registry[1].prefix"],
    ["a prefix is a URL", registry('prefix = "http://b.example"'), "registry[1].prefix"],
    ["a prefix has a star in the middle", registry('prefix = "b.*.example"'), "registry[1].prefix"],
    ["a prefix is a star", registry('prefix = "*"'), "registry[1].prefix"],
    ["a prefix with a star has a port", registry('prefix = "*.b.example:1"'), "registry[1].prefix"],
    ["a prefix with a star has a path", registry('prefix = "*.b.example/c"'), "registry[1].prefix"],
    ["a prefix has no location", '[[registry]]\nprefix = "b.example"', "registry[1].location"],
    ["a mirror has no location", mirror("insecure = true"), "registry[1].mirror[1].location"],
    [
      "a mirror is a URL",
      mirror('location = "http://b.example"'),
      "registry[1].mirror[1].location",
    ],
    [
      "the purpose of a mirror is unknown",
      mirror('location = "b.example"\npull-from-mirror = "some"'),
      "registry[1].mirror[1].pull-from-mirror",
    ],
    [
      "the purpose of a mirror is set twice",
      registry(
        'mirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b.example"\npull-from-mirror = "all"',
      ),
      "registry[1].mirror[1].pull-from-mirror",
    ],
    [
      "a registry is restricted to digests",
      registry('pull-from-mirror = "digest-only"'),
      "registry[1].pull-from-mirror",
    ],
    [
      "a location is both secure and insecure",
      registry(`[[registry]]\nprefix = "b.example"\nlocation = "a.example/"\ninsecure = true`),
      "registry[2].insecure",
    ],
    [
      "a location is both blocked and not blocked",
      registry(`[[registry]]\nprefix = "b.example"\nlocation = "a.example"\nblocked = true`),
      "registry[2].blocked",
    ],
    ["a search registry has a path", 'unqualified-search-registries = ["a.example/b"]', "a host"],
    ["a search registry is a URL", 'unqualified-search-registries = ["http://a.example"]', "http"],
    ["the mode is unknown", 'short-name-mode = "ask"', "short-name-mode"],
    ["an alias has a tag", '[aliases]\na = "quay.io/a:1"', "aliases.a "],
    ["an alias has no registry", '[aliases]\na = "b/c"', "aliases.a "],
    [
      "the name of an alias has a registry",
      '[aliases]\n"b.example/a" = "quay.io/a"',
      "b.example/a",
    ],
    ["the name of an alias has a tag", '[aliases]\n"a:1" = "quay.io/a"', "aliases.a:1"],
    ["it combines both versions", "[registries.search]\nregistries = []\n[aliases]\n", "version 1"],
    [
      "a blocked registry is a URL",
      '[registries.block]\nregistries = ["http://a.example"]',
      "block",
    ],
    ["an insecure registry is invalid", '[registries.insecure]\nregistries = ["a"]', "insecure"],
    ["a search registry has a path", '[registries.search]\nregistries = ["a.example/b"]', "search"],
  ])("%s", async (_, text, key) => {
    const settings = await confWith(text);
    const error: unknown = await loadRegistriesConf(settings).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unsupported", retryable: false });
    expect(String(error)).toContain(settings.registriesConf);
    expect(String(error)).toContain(key);
  });
});

describe("a file", () => {
  test("may be empty or have unknown keys", async () => {
    const nothing = {
      registries: [],
      unqualifiedSearchRegistries: [],
      shortNameMode: "permissive",
      credentialHelpers: ["containers-auth.json"],
      aliases: new Map(),
    };
    for (const text of ["", "# nothing\n  #\n", "unheard-of = 1", "[unheard.of]\na = 1979-05-27"]) {
      expect(await loaded(text)).toEqual(nothing);
    }
  });

  test("may have names with trailing slashes", async () => {
    const { registries } = await loaded('[[registry]]\nlocation = "a.example:5000/b//"');
    expect(registries).toMatchObject([
      { name: "a.example:5000/b", location: { domain: "a.example:5000", path: "b" } },
    ]);
  });

  test("with several entries for a prefix uses the first", async () => {
    const { registries } = await loaded(
      registry('prefix = "b.example"\n[[registry]]\nlocation = "c.example"\nprefix = "b.example"'),
    );
    expect(registries.map(({ location }) => location?.domain)).toEqual(["a.example"]);
  });

  test("in version 1 is converted to version 2", async () => {
    const conf = await loaded(`
      [registries.search]
      registries = ["a.example", "b.example/"]
      [registries.insecure]
      registries = ["c.example:5000", "d.example/e"]
      [registries.block]
      registries = ["d.example/e/"]
    `);
    expect(conf.unqualifiedSearchRegistries).toEqual(["a.example", "b.example"]);
    expect(conf.registries).toMatchObject([
      { name: "d.example/e", insecure: true, blocked: true },
      { name: "c.example:5000", insecure: true, blocked: false },
    ]);
  });
});

describe("a later file", () => {
  async function twoFiles(first: string, second: string): Promise<RegistriesConf> {
    const etc = "etc/containers/registries.conf";
    return loadRegistriesConf({
      system: await machineWith({ [etc]: first, [`${etc}.d/a.conf`]: second }),
    });
  }

  test("replaces the same prefixes and keys, and adds others", async () => {
    const conf = await twoFiles(
      `unqualified-search-registries = ["a.example"]
       credential-helpers = ["a"]
       short-name-mode = "enforcing"
       ${registry("insecure = true")}
       [[registry]]\nlocation = "b.example"
       [aliases]\nx = "a.example/x"\ny = "a.example/y"`,
      `unqualified-search-registries = []
       credential-helpers = []
       ${registry("blocked = true")}
       [aliases]\nx = ""\nz = "docker.io/z"`,
    );
    expect(conf).toMatchObject({
      unqualifiedSearchRegistries: [],
      credentialHelpers: ["containers-auth.json"],
      shortNameMode: "enforcing",
    });
    expect(conf.registries).toMatchObject([
      { name: "a.example", insecure: false, blocked: true },
      { name: "b.example" },
    ]);
    const aliases = [...conf.aliases].map(([name, to]) => [name, to && formatNamedReference(to)]);
    expect(aliases).toEqual([
      ["x", undefined],
      ["y", "a.example/y"],
      ["z", "docker.io/library/z"],
    ]);
  });

  test("must have version 2 of the format", async () => {
    await expect(twoFiles("", "[registries.search]\nregistries = []")).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("a.conf") as string,
    });
  });
});
