import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { describe, expect, test } from "vitest";

import { readConfFiles, readUserAliases } from "../../src/registries-conf/conf-files.ts";
import type { RegistriesConfSettings } from "../../src/registries-conf/conf-files.ts";
import { machineWith } from "./scratch-conf.ts";

const etc = "etc/containers/registries.conf";
const home = "home/me/.config/containers/registries.conf";

/** The texts of the files; in these tests each file holds its own name. */
async function readOn(
  names: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  registriesConf?: RegistriesConfSettings["registriesConf"],
): Promise<readonly string[]> {
  const system = await machineWith(
    Object.fromEntries(names.map((name) => [name, name])),
    environment,
  );
  const settings =
    typeof registriesConf === "string" ? path.join(system.root, registriesConf) : registriesConf;
  const files = await readConfFiles({ system, registriesConf: settings });
  return files.map(({ text }) => text);
}

describe("of the configuration files", () => {
  test("all are optional", async () => {
    expect(await readOn([])).toEqual([]);
  });

  test("the system file is read without a user file, then the drop-ins of both, by name", async () => {
    const dropIns = [`${etc}.d/a.conf`, `${etc}.d/b.conf`, `${home}.d/0.conf`];
    const others = [`${etc}.d/c.txt`, `${etc}.d/d/e.conf`, `${etc}.d/f.conf/g`];
    expect(await readOn([etc, ...dropIns.toReversed(), ...others])).toEqual([etc, ...dropIns]);
  });

  test("the user file is read instead of the system file, with only the drop-ins of the user", async () => {
    const own = [home, `${home}.d/0.conf`];
    expect(await readOn([etc, `${etc}.d/a.conf`, ...own])).toEqual(own);
  });

  test("the user files are read from XDG_CONFIG_HOME", async () => {
    const folder = await scratchFolder();
    expect(await readOn([home], { XDG_CONFIG_HOME: folder })).toEqual([]);
  });

  test("a named file is read instead of both, with all drop-ins", async () => {
    const dropIns = [`${etc}.d/a.conf`, `${home}.d/0.conf`];
    expect(await readOn([etc, home, "mine", ...dropIns], {}, "mine")).toEqual(["mine", ...dropIns]);
  });

  test("none is read if disabled", async () => {
    expect(await readOn([etc, home], {}, false)).toEqual([]);
  });

  test("a named file must exist", async () => {
    await expect(readOn([etc], {}, "mine")).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("mine") as string,
    });
  });

  test("an unreadable file is an error", async () => {
    await expect(readOn([`${etc}/x`])).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("the variable", () => {
  test("CONTAINERS_REGISTRIES_CONF names the only file", async () => {
    const { root } = await machineWith({ mine: "mine", [home]: home, [`${home}.d/a.conf`]: "a" });
    const environment = {
      CONTAINERS_REGISTRIES_CONF: path.join(root, "mine"),
      HOME: path.join(root, "home/me"),
    };
    const files = await readConfFiles({ system: { environment } });
    expect(files.map(({ text }) => text)).toEqual(["mine"]);
  });

  test.each(["CONTAINERS_REGISTRIES_CONF", "CONTAINERS_REGISTRIES_CONF_DIR"])(
    "%s is ignored below another root",
    async (name) => {
      const system = await machineWith({ mine: "mine", "d/a.conf": "a", [etc]: etc });
      const value = path.join(system.root, name.endsWith("DIR") ? "d" : "mine");
      const environment = { ...system.environment, [name]: value };
      const files = await readConfFiles({ system: { ...system, environment } });
      expect(files.map(({ text }) => text)).toEqual([etc]);
    },
  );

  test("CONTAINERS_REGISTRIES_CONF_DIR names the folder of drop-ins, which is optional", async () => {
    const { root } = await machineWith({
      "d/a.conf": "a",
      [home]: home,
      [`${home}.d/b.conf`]: "b",
    });
    const read = async (folder: string): Promise<readonly string[]> => {
      const environment = {
        CONTAINERS_REGISTRIES_CONF_DIR: path.join(root, folder),
        HOME: path.join(root, "home/me"),
      };
      const files = await readConfFiles({ system: { environment } });
      return files.map(({ text }) => text);
    };
    expect(await read("d")).toEqual([home, "a"]);
    expect(await read("e")).toEqual([home]);
  });
});

test("the choices of a user for short names are read from the cache", async () => {
  const file = "short-name-aliases.conf";
  const system = await machineWith({
    [`var/cache/containers/${file}`]: "of root",
    [`home/me/.cache/containers/${file}`]: "of a user",
  });
  const expected = process.getuid?.() === 0 ? "of root" : "of a user";
  expect((await readUserAliases({ system }))?.text).toBe(expected);
  expect(await readUserAliases({ system, registriesConf: false })).toBeUndefined();
});
