import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { findProgram, outputOf } from "@drayage/test-support";
import { expect, test } from "vitest";

import { temporaryFolder } from "./stores.ts";

const npm = findProgram("npm");
const packages = path.resolve(import.meta.dirname, "../../packages");

/** The folder of a package in the form of `pnpm publish`, which replaces workspace dependencies with versions. */
async function published(name: string, folder: string): Promise<string> {
  const copy = path.join(folder, "packages", name);
  await mkdir(copy, { recursive: true });
  const text = await readFile(path.join(packages, name, "package.json"), "utf8");
  const { devDependencies: _, ...manifest } = JSON.parse(
    text.replaceAll('"workspace:^"', '"^0.0.0"'),
  ) as Readonly<Record<string, unknown>>;
  await writeFile(path.join(copy, "package.json"), JSON.stringify(manifest));
  await cp(path.join(packages, name, "dist"), path.join(copy, "dist"), {
    recursive: true,
  }).catch(() => {});
  return copy;
}

async function packed(names: readonly string[], folder: string): Promise<readonly string[]> {
  const copies = await Promise.all(names.map(async (name) => published(name, folder)));
  const flags = ["--pack-destination", folder, "--json"];
  const out = await outputOf(npm ?? "", "pack", ...copies, ...flags);
  const archives = JSON.parse(out) as readonly { readonly filename: string }[];
  return archives.map(({ filename }) => path.join(folder, filename));
}

async function installed(...names: readonly string[]): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  const archives = await packed(names, folder.path);
  const place = path.join(folder.path, "program");
  await mkdir(place);
  await writeFile(path.join(place, "package.json"), "{}");
  // Without a lockfile or cache, so that missing dependencies are noticed.
  const cache = path.join(folder.path, "cache");
  const flags = ["--offline", "--cache", cache, "--no-audit", "--no-fund", "--prefix", place];
  await outputOf(npm ?? "", "install", ...flags, ...archives);
  const modules = path.join(place, "node_modules");
  const scopes = (await readdir(modules)).filter((name) => !name.startsWith("."));
  const inScopes = await Promise.all(
    scopes.map(async (scope) =>
      (await readdir(path.join(modules, scope))).map((name) => `${scope}/${name}`),
    ),
  );
  return inScopes.flat().toSorted();
}

test.skipIf(npm === undefined)(
  "core and a transport on disk install neither undici nor the AWS SDK, nor anything else",
  async () => {
    expect(await installed("core", "transport-kit", "transport-dir")).toEqual([
      "@drayage/core",
      "@drayage/transport-dir",
      "@drayage/transport-kit",
    ]);
    expect(
      await installed("core", "transport-kit", "image-layout", "transport-oci-layout"),
    ).toEqual([
      "@drayage/core",
      "@drayage/image-layout",
      "@drayage/transport-kit",
      "@drayage/transport-oci-layout",
    ]);
  },
);

test.skipIf(npm === undefined)("a transport that needs a dependency declares it", async () => {
  await expect(installed("core", "image-layout", "transport-s3")).rejects.toThrow(
    /ENOTCACHED|@aws-sdk\/client-s3/,
  );
});
