import type { FileHandle } from "node:fs/promises";

import type { BlobInfo, OperationOptions, PutBlobOptions } from "@drayage/core";

import { BatchWriter } from "./batch-writer.ts";
import { withFileErrors } from "./file-error.ts";
import { FileSync } from "./file-sync.ts";
import { newTemporary } from "./temporary-file.ts";
import type { TemporaryFile, WrittenFile } from "./temporary-file.ts";
import { writeBlob } from "./write-blob.ts";

/** Options of `writeTemporary`. */
export interface WriteOptions extends OperationOptions, Pick<PutBlobOptions, "digestAlgorithm"> {
  /** Permissions of the file. Default `0o644`. */
  readonly mode?: number | undefined;
}

/**
 * Writes a stream to a temporary file in a folder. Computes the digest only if it is unknown; a stream with a known digest
 * must verify itself. @throws ImageError `digest-mismatch` for another size; `unavailable` for a full disk; `denied`; the
 * errors of the stream
 */
export async function writeTemporary(
  folder: string,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  { signal, mode, digestAlgorithm }: WriteOptions = {},
): Promise<TemporaryFile> {
  signal?.throwIfAborted();
  const fill = async (handle: FileHandle): Promise<WrittenFile> => {
    const writer = new BatchWriter(handle, folder, { size: blob.size });
    const sync = new FileSync(handle);
    const write = async (chunk: Uint8Array): Promise<void> => {
      await writer.write(chunk);
      sync.written(chunk.byteLength);
    };
    try {
      const written = await writeBlob(bytes, blob, write, { signal, digestAlgorithm });
      await writer.finish();
      await withFileErrors(folder, () => sync.finish());
      signal?.throwIfAborted();
      return written;
    } finally {
      await sync.stop();
    }
  };
  return newTemporary(folder, fill, mode);
}
