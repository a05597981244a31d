import { existsSync } from "node:fs";
import path from "node:path";

import type { SystemContext } from "@drayage/core";
import { formatNamedReference, nameOf, parseNamedReference } from "@drayage/core/reference";
import { describe, expect, test } from "vitest";

import { findEntry, locationsOf } from "../../src/registries-conf/physical-location.ts";
import { loadRegistriesConf } from "../../src/registries-conf/registries-conf.ts";
import type { RegistriesConf } from "../../src/registries-conf/registries-conf.ts";

const fixtures = path.resolve(import.meta.dirname, "../../../../../shared/fixtures");
const testdata = path.join(fixtures, "containers-image/pkg/sysregistriesv2/testdata");
const dropIns = path.join(testdata, "registries.conf.d");

async function load(file: string, folder = "/nowhere"): Promise<RegistriesConf> {
  const system: SystemContext = { environment: { CONTAINERS_REGISTRIES_CONF_DIR: folder } };
  return loadRegistriesConf({ registriesConf: path.resolve(testdata, file), system });
}

/** The expectations of the tests of containers/image. */
describe.skipIf(!existsSync(fixtures))("the fixtures of containers/image", () => {
  test.each([
    ["empty.conf", 0],
    ["mirrors.conf", 2],
    ["unqualified-search.conf", 4],
    ["unmarshal.conf", 4],
    ["aliases.conf", 0],
    [path.join(fixtures, "skopeo/integration/fixtures/registries.conf"), 5],
    [path.join(fixtures, "containers-common/libimage/testdata/registries.conf"), 1],
  ])("%s has %d registries", async (file, count) => {
    expect((await load(file)).registries).toHaveLength(count);
  });

  test.each([
    ["invalid-prefix.conf", "registry[1].prefix"],
    ["invalid-search.conf", "unqualified-search-registries"],
    ["invalid-aliases.conf", "aliases.image"],
    ["invalid-short-name-mode.conf", "short-name-mode"],
    ["not-there.conf", "cannot be read: it does not exist"],
  ])("%s is rejected", async (file, problem) => {
    await expect(load(file)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(problem) as string,
    });
  });

  test.each([
    ["simple-prefix.com/foo/bar:latest", "registry.com:5000"],
    ["not.so.simple-prefix.com/a", "subdomain-prefix.com"],
    ["not.quite.simple-prefix.com/a", "subdomain-prefix-2.com"],
    ["not.quite.simple-prefix.com:5000/with/path:tag", "subdomain-prefix-2.com"],
    [
      "really.not.quite.simple-prefix.com:5000/with/path:tag",
      "subdomain-prefix-1-overridden-by-dropin-location.com",
    ],
    ["foo.docker.io:5000/omg/wtf/bbq:foo", "subdomain-prefix-2.com"],
    ["foo.bar.example.com:6000/omg:1", "subdomain-prefix-3-overridden-by-dropin-location.com"],
    ["foo.bar.docker.io:5000/omg/wtf/bbq:foo", "subdomain-prefix-4.com"],
    ["foo.bar.example.com:5000/omg/wtf/bbq:foo", "subdomain-prefix-5.com"],
    ["complex-prefix.com:4000/with/path/and/beyond:tag", "another-registry.com:5000"],
    ["no-prefix.com/foo:tag", "no-prefix.com"],
    ["empty-prefix.com/foo:tag", "empty-prefix.com"],
  ])("%s is at %s", async (name, location) => {
    const conf = await load("find-registry.conf", dropIns);
    expect(findEntry(conf, parseNamedReference(name))?.location?.domain).toBe(location);
  });

  test.each([
    "abc.internal.registry.com/foo:bar",
    "blah.foo.bar.com/omg:bbq",
    "alien.vs.predator.foobar.io:5000/omg:bbq",
  ])("%s is not relocated", async (name) => {
    const { itself } = locationsOf(await load("find-registry.conf"), parseNamedReference(name));
    expect(formatNamedReference(itself.named)).toBe(name);
  });

  test("a name that only starts with a prefix is not within it", async () => {
    const conf = await load("unmarshal.conf");
    expect(findEntry(conf, parseNamedReference("registry.comx/a"))).toBeUndefined();
  });

  test("each mirror has its own insecure setting", async () => {
    const { mirrors } = locationsOf(
      await load("mirrors.conf"),
      parseNamedReference("registry.com/image:tag"),
    );
    expect(mirrors).toMatchObject([
      { named: { domain: "mirror-1.registry.com" }, insecure: false },
      { named: { domain: "mirror-2.registry.com" }, insecure: true },
    ]);
  });

  test("drop-ins replace and add entries", async () => {
    const conf = await load("base-for-registries.d.conf", dropIns);
    const domains = new Set(conf.registries.map(({ location }) => location?.domain));
    const expected = [
      "1.com",
      "2.com",
      "base.com",
      "subdomain-prefix-1-overridden-by-dropin-location.com",
      "subdomain-prefix-2-overridden-by-dropin-location.com",
      "subdomain-prefix-3-overridden-by-dropin-location.com",
    ];
    expect(domains).toEqual(new Set(expected));
    expect(conf.unqualifiedSearchRegistries).toEqual(["example-overwrite.com"]);
    expect(findEntry(conf, parseNamedReference("base.com/test:latest"))?.blocked).toBe(true);
  });

  test.each([
    ["cred-helper.conf", undefined, ["helper-1", "helper-2"]],
    ["cred-helper.conf", dropIns, ["dropin-1", "dropin-2"]],
    ["empty.conf", undefined, ["containers-auth.json"]],
  ])("of %s and %s the helpers are %j", async (file, folder, helpers) => {
    expect((await load(file, folder)).credentialHelpers).toEqual(helpers);
  });

  test.each([
    ["aliases.conf", undefined, "enforcing"],
    ["aliases.conf", dropIns, "permissive"],
    ["registries.conf.d/config-3.conf", undefined, "permissive"],
  ])("of %s and %s the mode is %s", async (file, folder, mode) => {
    expect((await load(file, folder)).shortNameMode).toBe(mode);
  });

  test.each([
    ["docker", "docker.io/library/config1"],
    ["quay/foo", "quay.io/library/foo"],
    ["example", undefined],
    ["barz", "barz.com/config2"],
    ["added3", "xxx.com/image"],
    ["ignore", undefined],
  ])("the alias %s is %s", async (name, expected) => {
    const named = (await load("aliases.conf", dropIns)).aliases.get(name);
    expect(named && nameOf(named)).toBe(expected);
  });

  test("an image of skopeo has three mirrors before its registry", async () => {
    const file = path.join(fixtures, "skopeo/integration/fixtures/registries.conf");
    const { mirrors } = locationsOf(
      await load(file),
      parseNamedReference("mirror.invalid/busybox"),
    );
    expect(mirrors.map(({ named }) => nameOf(named))).toEqual([
      "mirror-0.invalid/busybox",
      "mirror-1.invalid/busybox",
      "gcr.io/google-containers/busybox",
    ]);
  });
});
