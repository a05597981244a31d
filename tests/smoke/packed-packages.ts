import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { withLock } from "@drayage/transport-kit/files";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(import.meta.dirname, "node_modules/.cache/packages");

/** The archives of all packages in their published form. */
export async function packedPackages(): Promise<readonly string[]> {
  packed ??= packedOnce();
  return packed;
}

let packed: Promise<readonly string[]> | undefined;

/** Only one process at a time builds and packs outdated packages. */
async function packedOnce(): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  await withLock(path.join(folder, "lock"), async () => {
    await run(process.execPath, [path.join(root, "scripts/setup.mjs"), "--build"]);
    const times = await Promise.all((await archives()).map(changedAt));
    if (times.length === 0 || Math.min(...times) <= (await lastBuild())) await pack();
  });
  return archives();
}

async function archives(): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  return files.map((name) => path.join(folder, name));
}

async function pack(): Promise<void> {
  const text = await readFile(path.join(root, "package.json"), "utf8");
  const { packageManager } = JSON.parse(text) as { readonly packageManager: string };
  for (const archive of await archives()) await rm(archive);
  const all = ["--recursive", "--filter", "./packages/*"];
  await run("npx", ["--yes", packageManager, ...all, "pack", "--pack-destination", folder]);
}

/** Uses the user's own home, where npm caches pnpm. */
async function run(program: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, HOME: process.env["USER_HOME"], TURBO_TELEMETRY_DISABLED: "1" };
  await promisify(execFile)(program, args, { cwd: root, env, maxBuffer: 1 << 26 });
}

async function lastBuild(): Promise<number> {
  const packages = await readdir(path.join(root, "packages"));
  const files = packages.map(async (name) => {
    const dist = path.join(root, "packages", name, "dist");
    const built = (await readdir(dist)).map((file) => path.join(dist, file));
    return [path.join(root, "packages", name, "package.json"), ...built];
  });
  return Math.max(...(await Promise.all((await Promise.all(files)).flat().map(changedAt))));
}

/** Milliseconds; 0 for a missing file. */
async function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
