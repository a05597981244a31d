import { createWriteStream, statSync } from "node:fs";
import type { Writable } from "node:stream";

import { FileArchiveUpdate, StreamArchiveUpdate } from "@drayage/image-archive";
import type { ArchiveUpdate, UpdateOptions } from "@drayage/image-archive";
import { pipeWriter } from "@drayage/transport-kit/files";

import { isStandardOutput, isStream } from "./archive-path.ts";

/**
 * Opens an archive for writing. Writes nothing yet. @throws ImageError `conflict`; `invalid-manifest` for an invalid
 * existing archive
 */
export async function openArchiveUpdate(
  file: string,
  options: UpdateOptions,
): Promise<ArchiveUpdate> {
  options.signal?.throwIfAborted();
  if (!isStream(file)) return FileArchiveUpdate.open(file, options);
  const output = isStandardOutput(file) ? process.stdout : openOutput(file);
  return new StreamArchiveUpdate(output, file);
}

function openOutput(file: string): Writable {
  const isPipe = statSync(file, { throwIfNoEntry: false })?.isFIFO() === true;
  return isPipe ? pipeWriter(file) : createWriteStream(file);
}
