import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { startS3 } from "@drayage/mock-servers";
import { startRegistry } from "@drayage/registry";
import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import { newAuthority, opensslProgram, outputOf, scratchFolder } from "@drayage/test-support";
import { randomImage, writeImage } from "@drayage/testkit";
import { directory } from "@drayage/transport-dir";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { InstalledCommand } from "./installed-command.ts";
import { InstalledLibraries } from "./installed-libraries.ts";
import { packedPackages } from "./packed-packages.ts";
import { runtimes } from "./runtimes.ts";

// These tests start programs that start others, and run next to all other tests.
vi.setConfig({ testTimeout: 120_000 });

let command: InstalledCommand;
let libraries: InstalledLibraries;
let program: string;
let source: string;
let configDigest: string;

beforeAll(async () => {
  command = await InstalledCommand.install();
  libraries = await InstalledLibraries.install();
  program = path.join(libraries.folder, "program.mjs");
  await copyFile(path.join(import.meta.dirname, "libraries-program.mjs"), program);
  source = path.join(libraries.folder, "source");
  const image = await randomImage("libraries", { layerSize: 1 << 20, compression: "none" });
  configDigest = image.config.digest;
  await writeImage(image, directory().parseReference(source));
}, 300_000);

afterAll(async () => {
  await command[Symbol.asyncDispose]();
  await libraries[Symbol.asyncDispose]();
});

async function lastConfig(
  [runtime, ...flags]: readonly [string, ...string[]],
  settings: object,
): Promise<string> {
  const given = JSON.stringify({ folder: await scratchFolder(), source, ...settings });
  return (await outputOf(runtime, ...flags, program, given)).trim();
}

test("each installed library and each of its subpaths can be imported", async () => {
  const imports = libraries.entries.map((name) => `import ${JSON.stringify(name)};`);
  const all = path.join(libraries.folder, "all.mjs");
  await writeFile(all, `${imports.join("\n")}\nconsole.log("imported");\n`);
  expect(libraries.entries).toContain("@drayage/blob-info-cache");
  expect(await outputOf(process.execPath, all)).toBe("imported\n");
});

test("every package contains its README and its license", async () => {
  for (const archive of await packedPackages()) {
    const files = (await outputOf("tar", "-tzf", archive)).trim().split("\n");
    expect(files).toEqual(expect.arrayContaining(["package/README.md", "package/LICENSE"]));
  }
});

test("the installed libraries copy an image through every transport", async () => {
  await using registry = await startRegistry();
  await using store = await startS3();
  await using dockerd = dockerdProgram === undefined ? undefined : await startDockerd();
  const servers = { host: registry.host, s3Access: store.access, daemonHost: dockerd?.host };
  expect(await lastConfig([process.execPath], servers)).toBe(configDigest);
});

test.each(runtimes)("the installed libraries copy an image with $name", async ({ runtime }) => {
  await using registry = await startRegistry({ redirectBlobs: true });
  expect(await lastConfig(runtime, { host: registry.host })).toBe(configDigest);
});

test.skipIf(opensslProgram === undefined).each(runtimes)(
  "the installed libraries connect to a registry over HTTPS with $name",
  async ({ runtime }) => {
    const certDir = await scratchFolder();
    const authority = newAuthority(await scratchFolder(), "authority");
    await writeFile(path.join(certDir, "ca.crt"), authority.certificate);
    await using registry = await startRegistry({ tls: authority.issue("server") });
    expect(await lastConfig(runtime, { host: registry.host, certDir })).toBe(configDigest);
  },
);

test.each(runtimes)("the installed command copies an image with $name", async ({ runtime }) => {
  await using registry = await startRegistry();
  const run = { runtime };
  const name = `docker://${registry.host}/app:1`;
  await command.output(["copy", "--quiet", `dir:${source}`, name], run);
  await command.output(["verify", "--quiet", name], run);
  expect(registry.tags("app")).toEqual(["1"]);
});
