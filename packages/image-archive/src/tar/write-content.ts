import type { BlobInfo, PutBlobOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import { writeBlob } from "@drayage/transport-kit/files";
import type { BatchWriter } from "@drayage/transport-kit/files";

import { padded } from "./tar-header.ts";

/**
 * Writes the content of a member, and zeros up to the next whole block. Computes the digest if it is unknown. No write
 * is pending when it returns or throws.
 * @throws ImageError `digest-mismatch` for a different size; errors of the stream
 */
export async function writeContent(
  writer: Pick<BatchWriter, "write" | "finish">,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  options: Pick<PutBlobOptions, "digestAlgorithm" | "signal">,
): Promise<StoredBlob> {
  let written: StoredBlob;
  try {
    written = await writeBlob(bytes, blob, (chunk) => writer.write(chunk), options);
    await writer.write(new Uint8Array(padded(written.size) - written.size));
  } finally {
    await writer.finish();
  }
  options.signal?.throwIfAborted();
  return written;
}
