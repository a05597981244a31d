import { digestHasher, ImageError } from "@drayage/core";
import type { BlobInfo, OperationOptions } from "@drayage/core";
import type { BatchWriter } from "@drayage/core/files";
import type { StoredBlob } from "@drayage/image-layout";

import { padded } from "./tar-header.ts";

/**
 * Writes the content of a member, and zeros up to the next whole block. The digest is computed where it is not known. When
 * it returns or throws nothing is being written any more.
 * @throws ImageError `digest-mismatch` for another size; what the stream throws
 */
export async function writeContent(
  writer: BatchWriter,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  { signal }: OperationOptions,
): Promise<StoredBlob> {
  const hasher = blob.digest === undefined ? digestHasher() : undefined;
  let size = 0;
  try {
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      size += chunk.byteLength;
      if (size > (blob.size ?? Infinity)) throw wrongSize(blob, "more");
      hasher?.update(chunk);
      await writer.write(chunk);
    }
    if (size < (blob.size ?? 0)) throw wrongSize(blob, `only ${size}`);
    await writer.write(new Uint8Array(padded(size) - size));
  } finally {
    await writer.finish();
  }
  signal?.throwIfAborted();
  const digest = blob.digest ?? hasher?.digest();
  if (digest === undefined) throw new TypeError("No digest");
  return { digest, size };
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing of it was kept`,
  );
}
