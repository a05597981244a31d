import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { onTestFinished } from "vitest";

/** A folder that is removed after the test. */
export async function scratchFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "drayage-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The content of a folder: files with their content in base64, and folders with a trailing slash. */
export async function contentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const content = entries.map(async (entry) => {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file);
    if (entry.isDirectory()) return [`${name}/`, ""] as const;
    return [name, (await readFile(file)).toString("base64")] as const;
  });
  return Object.fromEntries((await Promise.all(content)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
