import { fstatSync, statSync } from "node:fs";

import type { ImageReference } from "@drayage/core";

import { UsageError } from "../../flags/usage-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

/** An archive on its way to standard output has it for itself. @throws UsageError */
export function refuseBadOutput(to: ImageReference, { dryRun, progress }: CopyFlags): void {
  if (dryRun || !("file" in to) || !isStandardOutput(String(to.file))) return;
  if (progress === "json")
    throw new UsageError("--progress=json writes to standard output, and so does the archive");
  if (process.stdout.isTTY)
    throw new UsageError("An archive is nothing for a terminal; write it to a file or into a pipe");
}

function isStandardOutput(file: string): boolean {
  if (file === "-") return true;
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) return false;
  const { dev, ino } = fstatSync(1);
  return there.dev === dev && there.ino === ino;
}
