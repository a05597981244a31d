import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { scratchFolder } from "@drayage/test-support";
import { onTestFinished } from "vitest";

/** A file system of two megabytes; undefined if the user has no permission to mount one. */
export async function smallDisk(): Promise<string | undefined> {
  const folder = path.join(await scratchFolder(), "disk");
  await mkdir(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return folder;
}
