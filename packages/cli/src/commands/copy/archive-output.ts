import { fstatSync, statSync } from "node:fs";

import type { ImageReference } from "@drayage/core";

import { UsageError } from "../../flags/usage-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

/** An archive that is written to standard output needs it exclusively. @throws UsageError */
export function checkArchiveOutput(to: ImageReference, { dryRun, progress }: CopyFlags): void {
  if (dryRun || !("file" in to) || !isStandardOutput(String(to.file))) return;
  if (progress === "json")
    throw new UsageError(
      "--progress=json and the archive both write to standard output; write the archive to a file or use --progress=plain",
    );
  if (process.stdout.isTTY)
    throw new UsageError(
      "An archive cannot be written to a terminal; write it to a file or a pipe",
    );
}

function isStandardOutput(file: string): boolean {
  if (file === "-") return true;
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) return false;
  const { dev, ino } = fstatSync(1);
  return there.dev === dev && there.ino === ino;
}
