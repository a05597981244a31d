import { isImageError } from "@drayage/core";
import { readNamedFile } from "@drayage/transport-kit/files";

import { UsageError } from "../../flags/usage-error.ts";

/** A plan contains the manifests of an image, in base64. */
const limit = 256 << 20;

/** Reads a file that an argument names. @throws UsageError if it cannot be read */
export async function readInputFile(
  what: string,
  file: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await readNamedFile(file, { limit, signal });
  } catch (cause) {
    signal.throwIfAborted();
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = isImageError(cause) ? message : code === "ENOENT" ? "it does not exist" : code;
    throw new UsageError(`The ${what} ${file} cannot be read: ${why}; name another file`, {
      cause,
    });
  }
}
