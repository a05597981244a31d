import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { outputOf } from "@drayage/test-support";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { InstalledCommand } from "./installed-command.ts";
import { InstalledLibraries } from "./installed-libraries.ts";
import { oldNodes, withVersion } from "./old-nodes.ts";

// These tests start programs that start others, and run next to all other tests.
vi.setConfig({ testTimeout: 120_000 });

let command: InstalledCommand;
let libraries: InstalledLibraries;

beforeAll(async () => {
  command = await InstalledCommand.install();
  libraries = await InstalledLibraries.install();
}, 300_000);

afterAll(async () => {
  await command[Symbol.asyncDispose]();
  await libraries[Symbol.asyncDispose]();
});

test.each(oldNodes)("the command rejects Node $version", async ({ version, runtime }) => {
  const { code, stdout, stderr } = await command.run(["--version"], { runtime });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^drayage: requires Node [\d.]+ or later, but this is [\d.]+; .*\n$/);
  expect(stderr).toContain(`this is ${version};`);
});

test.each(oldNodes)(
  "each library rejects Node $version, with each of its subpaths",
  async ({ version, runtime: [node, ...flags] }) => {
    const names = JSON.stringify(libraries.entries);
    const program = path.join(libraries.folder, "messages.mjs");
    await writeFile(
      program,
      `const messages = ${names}.map((name) => import(name).then(() => name, (error) => error.message));
       console.log(JSON.stringify(await Promise.all(messages)));`,
    );
    const messages = JSON.parse(await outputOf(node, ...flags, program)) as readonly string[];
    const expected = expect.stringMatching(
      new RegExp(`^Drayage needs Node [\\d.]+ or later, this is ${version}: `),
    ) as string;
    expect(messages).toEqual(libraries.entries.map(() => expected));
  },
);

test.each(["22.22.2", "22.23.0", "24.0.0", "100.0.0"])("Node %s is supported", async (version) => {
  expect(await command.output(["--version"], { runtime: withVersion(version) })).toMatch(
    /^drayage/,
  );
});

test("the command requires the version in its package.json", async () => {
  const file = path.join(command.location, "node_modules/drayage/package.json");
  const { engines } = JSON.parse(await readFile(file, "utf8")) as {
    readonly engines: { readonly node: string };
  };
  const { stderr } = await command.run([], { runtime: withVersion("18.0.0") });
  const [, needed] = /requires Node ([\d.]+)/.exec(stderr) ?? [];
  expect(engines.node).toBe(`^${needed} || >=24.0.0`);
});

test("the first file of the command has no imports, because they run before its code", async () => {
  const text = await readFile(command.bin, "utf8");
  expect(text).not.toMatch(/^\s*import\b(?!\()/m);
});
