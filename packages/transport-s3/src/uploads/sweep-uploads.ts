import type { Digest, OperationOptions } from "@drayage/core";

import { abandonedAfter } from "./abandoned-upload.ts";
import type { BlobPool } from "./blob-pool.ts";
import type { JournaledUpload } from "./journal-entry.ts";
import { listParts } from "./stored-parts.ts";
import { abortUpload, listUploads } from "./uploads.ts";

/**
 * Aborts the uploads of ended processes that cannot be resumed: of blobs that are present by now, of blobs of unknown
 * digest, and old ones. An upload that cannot be aborted is kept for the next sweep.
 */
export async function sweepUploads(
  pool: BlobPool,
  present: Iterable<Digest>,
  options: OperationOptions,
): Promise<void> {
  if (pool.journal === undefined) return;
  const keys = new Set([...present].map((digest) => pool.keyOf(digest)));
  const isOld = ({ begun }: JournaledUpload): boolean => begun < Date.now() - abandonedAfter;
  const isUseless = (upload: JournaledUpload): boolean =>
    keys.has(upload.key) || pool.isTemporary(upload.key) || isOld(upload);
  for await (const entry of pool.journal.takeAbandoned(isUseless, options)) {
    try {
      await abortAbandoned(pool, entry.upload, options);
      await entry.end();
    } catch {
      await (isOld(entry.upload) ? entry.end() : entry.release());
      options.signal?.throwIfAborted();
    }
  }
}

async function abortAbandoned(
  pool: BlobPool,
  { key, uploadId }: JournaledUpload,
  options: OperationOptions,
): Promise<void> {
  const { bucket } = pool;
  if (uploadId !== undefined) await abortUpload(bucket, { key, uploadId }, options);
  else await abortEmpty(pool, key, options);
  // The process may have completed the upload before it ended.
  if (pool.isTemporary(key)) await bucket.delete(key, options);
}

/** Aborts uploads without parts: a process that did not receive the upload ID has sent none. */
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
