import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { outputOf } from "@drayage/test-support";
import { withLock } from "@drayage/transport-kit/files";

import { packedPackages } from "./packed-packages.ts";

const cache = path.join(import.meta.dirname, "node_modules/.cache/command");

/** A folder into which npm installed the command from its package, for copies. Installs it if the package changed. */
export async function commandFolder(): Promise<string> {
  const packages = await packedPackages();
  const archive = packages.find((file) => /^drayage-\d/.test(path.basename(file))) ?? "";
  const { mtimeMs } = await stat(archive);
  const folder = path.join(cache, String(Math.round(mtimeMs)));
  await mkdir(cache, { recursive: true });
  await withLock(path.join(cache, "lock"), async () => {
    if (!existsSync(folder)) await install(archive, folder);
  });
  return folder;
}

/** npm downloads nothing, so a package with dependencies could not be installed. */
async function install(archive: string, folder: string): Promise<void> {
  const earlier = (await readdir(cache)).filter((name) => !name.startsWith("lock"));
  for (const name of earlier) await rm(path.join(cache, name), { recursive: true });
  const unfinished = await mkdtemp(path.join(cache, "unfinished-"));
  await writeFile(path.join(unfinished, "package.json"), "{}");
  const flags = ["--offline", "--cache", path.join(cache, "npm"), "--no-audit", "--no-fund"];
  await outputOf("npm", "install", ...flags, "--prefix", unfinished, archive);
  await rename(unfinished, folder);
}
