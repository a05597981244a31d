import { fstatSync, statSync } from "node:fs";

import type { ImageReference } from "@drayage/core";

import { StandardOutputError, UsageError } from "../../flags/usage-error.ts";
import type { CopyFlags } from "./copy-flags.ts";

/** Transports whose package is loaded to find the file of an archive. */
const archives: ReadonlySet<string> = new Set(["docker-archive", "oci-archive"]);

/** An archive that is written to standard output needs it exclusively. @throws UsageError */
export async function checkArchiveOutput(
  to: ImageReference,
  { dryRun, progress }: CopyFlags,
): Promise<void> {
  if (dryRun || !archives.has(to.transport.name)) return;
  const { isArchiveReference } = await import("@drayage/transport-tarball");
  if (!isArchiveReference(to) || !isStandardOutput(to.file)) return;
  if (progress === "json")
    throw new StandardOutputError(
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
