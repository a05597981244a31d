import { createReadStream } from "node:fs";

import type { OperationOptions } from "@drayage/core";
import { openArchiveFile, openArchiveStream } from "@drayage/image-archive";
import type { TarArchive } from "@drayage/image-archive";

import { descriptorOf, isStream } from "./archive-path.ts";

/** @throws ImageError `not-found`, `denied`, `invalid-manifest` for what is no tar file */
export async function openArchive(
  file: string,
  options: OperationOptions = {},
): Promise<TarArchive> {
  options.signal?.throwIfAborted();
  if (!isStream(file)) return openArchiveFile(file, options);
  const { signal } = options;
  const fd = descriptorOf(file, "read");
  const input =
    fd === undefined
      ? createReadStream(file, { signal })
      : createReadStream("", { fd, autoClose: false, signal });
  return openArchiveStream(input as AsyncIterable<Uint8Array>, file, options);
}
