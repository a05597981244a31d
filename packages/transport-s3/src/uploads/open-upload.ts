import { isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { isS3Error } from "../client/bucket.ts";
import type { ObjectHeaders } from "../client/bucket.ts";
import { beginUpload } from "./begin-upload.ts";
import type { BlobPool } from "./blob-pool.ts";
import type { JournaledUpload } from "./journal-entry.ts";
import { MultipartUpload } from "./multipart-upload.ts";
import { listParts } from "./stored-parts.ts";
import type { StoredParts } from "./stored-parts.ts";
import type { BegunUpload } from "./uploads.ts";

/** Goes on with an upload to that key that nobody sends any more, where the store still has it; else begins one. @throws S3Error */
export async function openUpload(
  pool: BlobPool,
  key: string,
  object: ObjectHeaders,
  options: OperationOptions,
): Promise<MultipartUpload> {
  const { bucket, journal } = pool;
  const keepsDigests = journal !== undefined && hasOddETags(pool, object);
  const headers: ObjectHeaders = keepsDigests ? { ...object, ChecksumAlgorithm: "SHA256" } : object;
  const kept = JSON.stringify(headers);
  const isWanted = (found: JournaledUpload): boolean =>
    found.key === key && found.headers === kept && found.uploadId !== undefined;
  for await (const entry of journal?.take(isWanted, options) ?? []) {
    const { uploadId = "" } = entry.upload;
    try {
      const stored = await findParts(pool, { key, uploadId }, options);
      if (stored !== undefined)
        return new MultipartUpload(bucket, { key, uploadId, entry, stored, keepsDigests }, options);
      await entry.end();
    } catch (error) {
      await entry.leave();
      throw error;
    }
  }
  return beginUpload(bucket, key, headers, options, journal);
}

/** What a key of KMS encrypts has no MD5 for an ETag; at AWS a bucket may have one that nobody here was told of. */
function hasOddETags({ bucket }: BlobPool, { ServerSideEncryption: how }: ObjectHeaders): boolean {
  return bucket.connection.isAWS || how?.startsWith("aws:kms") === true;
}

/** Undefined where the upload is over. All parts are sent again by who may not know of them. */
async function findParts(
  { bucket }: BlobPool,
  upload: Pick<BegunUpload, "key" | "uploadId">,
  options: OperationOptions,
): Promise<StoredParts | undefined> {
  try {
    return await listParts(bucket, upload, options);
  } catch (error) {
    if (isS3Error(error, "NoSuchUpload")) return undefined;
    if (isImageError(error, "denied")) return new Map();
    throw error;
  }
}
