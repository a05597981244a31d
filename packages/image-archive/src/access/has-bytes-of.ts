import { isImageError } from "@drayage/core";
import { verified } from "@drayage/core/content";
import type { StoredBlob } from "@drayage/image-layout";

/**
 * Whether a stream has the bytes of a blob; an archive may hold other content under its digest. Reads the stream to
 * its end.
 */
export async function hasBytesOf(
  bytes: AsyncIterable<Uint8Array>,
  blob: StoredBlob,
): Promise<boolean> {
  const checked = verified(bytes, blob);
  try {
    let next = await checked.next();
    while (next.done !== true) next = await checked.next();
    return true;
  } catch (error) {
    if (isImageError(error, "digest-mismatch") || isImageError(error, "not-found")) return false;
    throw error;
  }
}
