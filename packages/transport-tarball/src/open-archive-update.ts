import { createWriteStream } from "node:fs";

import { FileArchiveUpdate, StreamArchiveUpdate } from "@drayage/image-archive";
import type { ArchiveUpdate, UpdateOptions } from "@drayage/image-archive";

import { isStandardOutput, isStream } from "./archive-path.ts";

/** Writes nothing yet. @throws ImageError `conflict`, `invalid-manifest` for what is there */
export async function openArchiveUpdate(
  file: string,
  options: UpdateOptions,
): Promise<ArchiveUpdate> {
  options.signal?.throwIfAborted();
  if (!isStream(file)) return FileArchiveUpdate.open(file, options);
  const output = isStandardOutput(file) ? process.stdout : createWriteStream(file);
  return new StreamArchiveUpdate(output, file);
}
