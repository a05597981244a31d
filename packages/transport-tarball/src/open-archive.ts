import { createReadStream } from "node:fs";
import { addAbortSignal } from "node:stream";

import type { OperationOptions } from "@drayage/core";
import { openArchiveFile, openArchiveStream } from "@drayage/image-archive";
import type { TarArchive } from "@drayage/image-archive";
import { withFileErrors, pipeBytes } from "@drayage/transport-kit/files";

import { isStandardInput, isStream, mayBlock } from "./archive-path.ts";

/** @throws ImageError `not-found`, `denied`; `invalid-manifest` if it is not a tar file */
export async function openArchive(
  file: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  options.signal?.throwIfAborted();
  if (!isStream(file)) return openArchiveFile(file, options);
  if (!isStandardInput(file) && mayBlock(file))
    return openArchiveStream(pipeBytes(file, options), file, options);
  const input = isStandardInput(file) ? process.stdin : createReadStream(file);
  if (options.signal !== undefined) addAbortSignal(options.signal, input);
  // A socket fails here, and a block device that the user has no permission to read.
  const open = async (): Promise<TarArchive> =>
    openArchiveStream(input as AsyncIterable<Uint8Array>, file, options);
  return withFileErrors(file, open);
}
