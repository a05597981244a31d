import { digestHasher, ImageError } from "@drayage/core";
import type { BlobInfo, PutBlobOptions } from "@drayage/core";

import type { WrittenFile } from "./temporary-file.ts";

/**
 * Passes the chunks of a blob to `write` and returns its digest and size. Computes the digest only if it is unknown; a stream
 * with a known digest must verify itself. @throws ImageError `digest-mismatch` for another size; the errors of the stream
 * and of `write`
 */
export async function writeBlob(
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  write: (chunk: Uint8Array) => Promise<void>,
  { digestAlgorithm, signal }: Pick<PutBlobOptions, "digestAlgorithm" | "signal">,
): Promise<WrittenFile> {
  const hasher = blob.digest === undefined ? digestHasher(digestAlgorithm) : undefined;
  let size = 0;
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    size += chunk.byteLength;
    if (size > (blob.size ?? Infinity)) throw wrongSize(blob, "more");
    hasher?.update(chunk);
    await write(chunk);
  }
  if (size < (blob.size ?? 0)) throw wrongSize(blob, `only ${size}`);
  const digest = blob.digest ?? hasher?.digest();
  if (digest === undefined) throw new TypeError("No digest");
  return { digest, size };
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing was stored`,
  );
}
