import type { Digest, OperationOptions } from "@drayage/core";

import { forgottenAfter } from "./abandoned-upload.ts";
import type { BlobPool } from "./blob-pool.ts";
import type { JournaledUpload } from "./journal-entry.ts";
import { listParts } from "./stored-parts.ts";
import { abortUpload, listUploads } from "./uploads.ts";

/**
 * Gives up what processes that are gone have left behind and nobody can go on with: uploads of blobs that are there by
 * now, those of unknown digest, and old ones. What cannot be given up now stays for the next time.
 */
export async function sweepUploads(
  pool: BlobPool,
  present: Iterable<Digest>,
  options: OperationOptions,
): Promise<void> {
  if (pool.journal === undefined) return;
  const keys = new Set([...present].map((digest) => pool.keyOf(digest)));
  const isOld = ({ begun }: JournaledUpload): boolean => begun < Date.now() - forgottenAfter;
  const isUseless = (upload: JournaledUpload): boolean =>
    keys.has(upload.key) || pool.isTemporary(upload.key) || isOld(upload);
  for await (const entry of pool.journal.take(isUseless, options)) {
    try {
      await giveUp(pool, entry.upload, options);
      await entry.end();
    } catch {
      await (isOld(entry.upload) ? entry.end() : entry.leave());
      options.signal?.throwIfAborted();
    }
  }
}

async function giveUp(
  pool: BlobPool,
  { key, uploadId }: JournaledUpload,
  options: OperationOptions,
): Promise<void> {
  const { bucket } = pool;
  if (uploadId !== undefined) await abortUpload(bucket, { key, uploadId }, options);
  else await abortEmpty(pool, key, options);
  // It may have come to be before its process ended.
  if (pool.isTemporary(key)) await bucket.delete(key, options);
}

/** Who never heard what the store calls an upload has sent no part of it. */
async function abortEmpty(
  { bucket }: BlobPool,
  key: string,
  options: OperationOptions,
): Promise<void> {
  for await (const upload of listUploads(bucket, key, options)) {
    if (upload.key !== key) continue;
    const parts = await listParts(bucket, upload, options);
    if (parts.size === 0) await abortUpload(bucket, upload, options);
  }
}
