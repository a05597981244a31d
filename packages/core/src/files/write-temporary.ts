import type { FileHandle } from "node:fs/promises";

import type { BlobInfo } from "../blob-info.ts";
import { digestHasher } from "../digest.ts";
import type { Digest, DigestHasher } from "../digest.ts";
import { ImageError } from "../image-error.ts";
import type { OperationOptions } from "../operation-options.ts";
import { BatchWriter } from "./batch-writer.ts";
import { onDisk } from "./file-error.ts";
import { FileSync } from "./file-sync.ts";
import { newTemporary } from "./temporary-file.ts";
import type { TemporaryFile, WrittenFile } from "./temporary-file.ts";

/** How a file is written. */
export interface WriteOptions extends OperationOptions {
  /** Who may do what with the file. Default `0o644`. */
  readonly mode?: number | undefined;
}

/**
 * Writes a stream into a temporary in that folder. The digest is computed only where it is not given: a stream of a
 * known digest is expected to fail unless it has it.
 * @throws ImageError `digest-mismatch` for another size, `unavailable` for a full disk, `denied`; what the stream throws
 */
export async function writeTemporary(
  folder: string,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  { signal, mode }: WriteOptions = {},
): Promise<TemporaryFile> {
  signal?.throwIfAborted();
  const fill = async (handle: FileHandle): Promise<WrittenFile> => {
    const hasher = hasherFor(blob.digest);
    const writer = new BatchWriter(handle, folder, { size: blob.size });
    const sync = new FileSync(handle);
    let size = 0;
    try {
      for await (const chunk of bytes) {
        signal?.throwIfAborted();
        size += chunk.byteLength;
        if (size > (blob.size ?? Infinity)) throw wrongSize(blob, "more");
        hasher.update(chunk);
        await writer.write(chunk);
        sync.written(chunk.byteLength);
      }
      if (size < (blob.size ?? 0)) throw wrongSize(blob, `only ${size}`);
      await writer.finish();
      await onDisk(folder, () => sync.finish());
    } finally {
      await sync.stop();
    }
    signal?.throwIfAborted();
    return { digest: hasher.digest(), size };
  };
  return newTemporary(folder, fill, mode);
}

/** Takes a digest that is known at its word. */
function hasherFor(known: Digest | undefined): DigestHasher {
  if (known === undefined) return digestHasher();
  const hasher: DigestHasher = {
    update: () => hasher,
    digest: () => known,
    copy: () => hasher,
  };
  return hasher;
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing of it was kept`,
  );
}
