import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../../..");
const builds = path.join(root, "node_modules/.cache/built-command");
const bundler = path.join(root, "node_modules/tsdown/dist/run.mjs");

/** The main file of a build of the sources as they are now. Builds them where they have changed since the last build. */
export async function builtCommand(): Promise<string> {
  const folder = path.join(builds, String(Math.round(await lastSourceChange())));
  if (!existsSync(folder)) await build(folder);
  return path.join(folder, "main.mjs");
}

async function lastSourceChange(): Promise<number> {
  const script: string = path.join(root, "scripts/source-changes.mjs");
  const changes = (await import(script)) as { readonly lastSourceChange: () => number };
  return changes.lastSourceChange();
}

/** Another process may build the same at the same time: the first one to be done provides the folder. */
async function build(folder: string): Promise<void> {
  await mkdir(builds, { recursive: true });
  const earlier = (await readdir(builds)).filter((name) => /^\d+$/.test(name));
  const own = await mkdtemp(path.join(builds, "unfinished-"));
  const cwd = path.resolve(import.meta.dirname, "..");
  await promisify(execFile)(process.execPath, [bundler, "--out-dir", own], { cwd });
  try {
    await rename(own, folder);
  } catch (error) {
    await rm(own, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  for (const name of earlier) await rm(path.join(builds, name), { recursive: true, force: true });
}
